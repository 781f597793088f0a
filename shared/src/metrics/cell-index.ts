import { type Event, fieldOf } from '../events/event.js';
import type { FieldName } from '../events/fields.js';
import { hourOf } from '../events/instant.js';
import { type Cell, type Cells, cellAt, cellKey } from './cell.js';
import type { Metric } from './metric.js';

/** One level for the hour and one for each dimension; the cell hangs at the last. */
type Level = { readonly next: Map<string | number, Level>; cell: Cell | undefined };

/**
 * The way from an event to its cell without building the cell's key each time: a look into one small map per dimension
 * takes a third of the time. Valid while nobody else takes cells out of `cells`.
 */
export class CellIndex {
  readonly cells: Cells;
  readonly #metric: Metric;
  readonly #top: Level = emptyLevel();

  constructor(metric: Metric, cells: Cells) {
    this.#metric = metric;
    this.cells = cells;
  }

  /** The cell of an event's hour and dimension values, made with neutral states if there is none. */
  cellOf(event: Event, dimensionFields: readonly FieldName[]): Cell {
    const hour = hourOf(event.occurred_at);
    let level = levelBelow(this.#top, hour);
    for (const name of dimensionFields) level = levelBelow(level, String(fieldOf(event, name)));
    level.cell ??= this.#cellAt(hour, event, dimensionFields);
    return level.cell;
  }

  #cellAt(hour: number, event: Event, dimensionFields: readonly FieldName[]): Cell {
    const dimensions = dimensionFields.map((name) => String(fieldOf(event, name)));
    return cellAt(this.#metric, this.cells, cellKey(hour, dimensions), hour, dimensions);
  }
}

function emptyLevel(): Level {
  return { next: new Map(), cell: undefined };
}

function levelBelow(level: Level, value: string | number): Level {
  let below = level.next.get(value);
  if (below === undefined) {
    below = emptyLevel();
    level.next.set(value, below);
  }
  return below;
}
