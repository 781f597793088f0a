import { type Cell, cellSize } from '../../metrics/cell.js';
import type { Segment } from '../../ports/realtime-view-store.js';
import { encodePiece } from './encode-cells.js';

/** Cells and hashes in one piece: about 1 MB, so that neither Redis nor a process is busy with one for long. */
const PIECE_SIZE = 100_000;

/** The cells of a segment, encoded in pieces, one at a time. */
export function* piecesOf({ cells }: Segment): Generator<string> {
  for (const [metric, ofMetric] of cells) {
    let piece: Cell[] = [];
    let size = 0;
    for (const cell of ofMetric.values()) {
      piece.push(cell);
      size += cellSize(cell);
      if (size < PIECE_SIZE) continue;
      yield encodePiece(metric, piece);
      piece = [];
      size = 0;
    }
    if (piece.length > 0) yield encodePiece(metric, piece);
  }
}
