import { text } from 'node:stream/consumers';
import { openFile } from '../open-file.js';

/** The text of a file's first table, unpacked and not parsed. */
export async function textOf(path: string): Promise<string> {
  const [part] = (await openFile(path)).parts;
  return part ? await text(await part.open()) : '';
}
