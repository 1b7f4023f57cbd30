/** A server's refusal, with its status. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string
  ) {
    super(message);
  }
}

/** Fetches JSON; a failure names the address, the status and what the server said. */
export async function fetchJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(url, { signal, headers: { accept: 'application/json' } });
  const body = await response.text();
  if (!response.ok) {
    throw new HttpError(response.status, `${url} answered HTTP ${response.status}: ${body.slice(0, 200) || response.statusText}`);
  }
  try {
    return JSON.parse(body) as T;
  } catch {
    throw new Error(`${url} answered something else than JSON`);
  }
}
