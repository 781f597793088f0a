import type { Context } from '../benchmark.js';
import type { ShopSize } from '../shop/shop-events.sql.js';
import { writeNdjson } from '../shop/write-ndjson.js';
import { askForRun, type FrontDoor, postFile, untilCaughtUp } from './house.js';

/** The last twentieth of the events lies above the boundary: in the realtime view, not in the batch view. */
const SHARE_IN_BATCH = 0.95;

/** Posts a shop's events, with a batch run before the last twentieth of them; resolves when all can be seen. */
export async function fillHouse({ place, say }: Context, house: FrontDoor, size: ShopSize): Promise<void> {
  const [first, rest] = await writeNdjson(place, size, SHARE_IN_BATCH);
  say(`posting ${size.events} events`);
  await postFile(house, first);
  say('running a batch');
  await askForRun(house, 'full');
  await postFile(house, rest);
  await untilCaughtUp(house);
}
