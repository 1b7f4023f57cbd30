import { type DataQueryRequest, type DataSourceApi, LoadingState, type PanelData, toDataFrame } from '@grafana/data';
import { toDataQueryError } from '@grafana/runtime';
import { catchError, from, map, type Observable, of, startWith } from 'rxjs';

/** Runs one panel's (or variable's) queries: first "loading", then the data or the error. */
export function runRequest(
  source: DataSourceApi,
  request: DataQueryRequest,
  query: DataSourceApi['query'] = source.query.bind(source)
): Observable<PanelData> {
  const empty = { series: [], timeRange: request.range, request };
  return from(query(request)).pipe(
    map((response): PanelData => ({
      ...empty,
      state: response.errors?.length ? LoadingState.Error : (response.state ?? LoadingState.Done),
      series: (response.data ?? []).map(toDataFrame),
      errors: response.errors,
    })),
    catchError((error: unknown) => of({ ...empty, state: LoadingState.Error, errors: [toDataQueryError(error)] })),
    startWith({ ...empty, state: LoadingState.Loading })
  );
}
