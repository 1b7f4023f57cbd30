import { Alert, LoadingPlaceholder } from '@grafana/ui';
import type { ReactNode } from 'react';

import type { Loaded } from './useLoad';

interface Props<T> {
  of: Loaded<T>;
  /** What could not be loaded, for the error's title: "the traces". */
  what: string;
  children: (value: T) => ReactNode;
}

export function Loading<T>({ of, what, children }: Props<T>) {
  switch (of.state) {
    case 'loading':
      return <LoadingPlaceholder text={`Loading ${what}…`} />;
    case 'failed':
      return <Alert title={`Could not load ${what}`}>{of.error.message}</Alert>;
    case 'loaded':
      return children(of.value);
  }
}
