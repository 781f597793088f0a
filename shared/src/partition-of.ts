const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * The partition (0 inclusive to `partitions` exclusive) that a key's records go to; the same for ever.
 * FNV-1a (32 bits) over the key's UTF-16 units, then murmur3's finalizer: FNV alone leaves the low bits, which the
 * modulo takes, dependent on nothing but the low bits of each character.
 */
export function partitionOf(key: string, partitions: number): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), FNV_PRIME);
  return mixed(hash) % partitions;
}

/** Source: Austin Appleby, MurmurHash3, fmix32. */
function mixed(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
