import { useEffect, useState } from 'react';

export type Loaded<T> = { state: 'loading' } | { state: 'failed'; error: Error } | { state: 'loaded'; value: T };

/** Loads when `key` changes; a load that was overtaken by another is aborted and its answer dropped. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' });
  useEffect(() => {
    const abort = new AbortController();
    setLoaded({ state: 'loading' });
    load(abort.signal).then(
      (value) => !abort.signal.aborted && setLoaded({ state: 'loaded', value }),
      (error: unknown) => {
        if (!abort.signal.aborted) {
          setLoaded({ state: 'failed', error: error instanceof Error ? error : new Error(String(error)) });
        }
      }
    );
    return () => abort.abort();
    // The key stands for everything that `load` closes over.
  }, [key]);
  return loaded;
}
