import { queryParameters } from './http-path.ts';

/** WebHDFS and HttpFS (Hadoop's REST interface to HDFS). */
export function isWebHdfs(path: string): boolean {
  return path.startsWith('/webhdfs/v1/');
}

/** The operation: `CREATE`, `OPEN`, `APPEND`; undefined for anything else than WebHDFS. */
export function webHdfsOperation(path: string, query: string): string | undefined {
  if (!isWebHdfs(path)) {
    return undefined;
  }
  const operation = queryParameters(query).find(([name]) => name.toLowerCase() === 'op')?.[1];
  return operation !== undefined && /^[A-Za-z]{1,32}$/.test(operation) ? operation.toUpperCase() : undefined;
}
