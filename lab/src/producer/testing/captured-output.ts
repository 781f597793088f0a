import { PassThrough } from 'node:stream';

/** Stands in for the process's output; `stdout()` and `stderr()` give what was written so far. */
export function captureOutput() {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    streams[name].on('data', (chunk: Buffer) => {
      written[name] += chunk.toString();
    });
  }
  return { output: streams, stdout: () => written.stdout, stderr: () => written.stderr };
}
