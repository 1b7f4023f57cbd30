declare const SHOPAPI_VERSION: string;

/** The service's version, which the build takes from package.json. */
export const version: string = SHOPAPI_VERSION;
