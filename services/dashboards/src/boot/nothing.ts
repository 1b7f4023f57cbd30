/** Stands in for packages that only editors need. */
export default {};
export const loader = { config: () => undefined, init: () => Promise.resolve({}) };
export const useMonaco = () => undefined;
