import { delimiter } from 'node:path';

/** Folders in which the shell would look for a program. */
export function pathFolders(): readonly string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
}

/** The Java that the user has chosen, if any. */
export function javaHome(): string | undefined {
  return process.env['JAVA_HOME'] || undefined;
}
