import {
  addExact,
  type Cell,
  DistinctSketch,
  type ExactInteger,
  type MeasureState,
  type Segment,
  zeroStates,
} from '@tandem/shared';
import { type Group, groupKey } from './group.js';
import type { Query } from './query.js';
import { grouping, valuesOf } from './speed-part.js';
import type { Part } from './values.js';

type Grown = { readonly group: Group; readonly states: MeasureState[] };

/** Where a cell was added: its group, and the versions of its sketches that are in it already. */
type Place = { readonly grown: Grown; readonly versions: number[] };

/**
 * The same as `foldSegments`, for a query that is asked again and again while the segments grow. Sketches only grow, so
 * those that have not changed since the last time need not be united again: that is nearly all of them, and nearly all
 * of the work. Sums are cheap and added up anew. When a cell is not there any more, everything is begun anew.
 */
export class GrowingPart {
  readonly #groupOf: (cell: Cell) => Group | null;
  readonly #query: Query;
  #groups = new Map<string, Grown>();
  /** By cell; null for cells that are filtered out. Weak: what the realtime view drops is not kept alive here. */
  #places = new WeakMap<Cell, Place | null>();
  #heldCells = 0;

  constructor(query: Query) {
    this.#query = query;
    this.#groupOf = grouping(query);
  }

  /** Cells that are remembered: what the memory of this grows with. */
  get heldCells(): number {
    return this.#heldCells;
  }

  /** What these segments say. Read the part before the next call: its sketches go on growing. */
  fold(segments: readonly Segment[]): Part {
    if (!this.#grow(segments)) {
      this.#groups = new Map();
      this.#places = new WeakMap();
      this.#heldCells = 0;
      this.#grow(segments);
    }
    return new Map([...this.#groups].map(([key, { group, states }]) => [key, { group, values: valuesOf(states) }]));
  }

  /** False when a cell that was added before is missing: then what was united cannot be taken apart. */
  #grow(segments: readonly Segment[]): boolean {
    const expected = this.#heldCells;
    let met = 0;
    for (const { states } of this.#groups.values()) clearIntegers(states);
    for (const segment of segments) {
      for (const cell of segment.cells.get(this.#query.metric.name)?.values() ?? []) {
        let place = this.#places.get(cell);
        if (place === undefined) place = this.#begin(cell);
        else met++;
        if (place) addTo(place, cell.states);
      }
    }
    return met === expected;
  }

  #begin(cell: Cell): Place | null {
    const group = this.#groupOf(cell);
    const place = group && { grown: this.#grownOf(group), versions: cell.states.map(() => -1) };
    this.#places.set(cell, place);
    this.#heldCells++;
    return place;
  }

  #grownOf(group: Group): Grown {
    const key = groupKey(group);
    const grown = this.#groups.get(key) ?? { group, states: zeroStates(this.#query.metric) };
    this.#groups.set(key, grown);
    return grown;
  }
}

function addTo({ grown: { states }, versions }: Place, added: readonly MeasureState[]): void {
  for (let index = 0; index < states.length; index++) {
    const state = states[index];
    const addition = added[index];
    if (!(state instanceof DistinctSketch)) states[index] = addExact(state as ExactInteger, addition as ExactInteger);
    else if (addition instanceof DistinctSketch && addition.version !== versions[index]) {
      state.addAll(addition);
      versions[index] = addition.version;
    }
  }
}

function clearIntegers(states: MeasureState[]): void {
  for (let index = 0; index < states.length; index++) {
    if (!(states[index] instanceof DistinctSketch)) states[index] = 0;
  }
}
