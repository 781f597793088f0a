import { defineScript } from 'redis';

/** Characters of the id that every stretch in Redis begins with: 64 random bits as hexadecimal digits. */
export const ID_LENGTH = 16;

/** Makes the caller the owner of a partition. The number also grows when Redis has lost the last one: it follows the clock. */
const CLAIM = `
local last = tonumber(redis.call('HGET', KEYS[1], 'owner')) or 0
local now = redis.call('TIME')
local owner = math.max(last + 1, now[1] * 1000 + math.floor(now[2] / 1000))
redis.call('HSET', KEYS[1], 'owner', string.format('%.0f', owner), 'token', ARGV[1])
return string.format('%.0f', owner)`;

/**
 * Runs commands if the caller is still the owner and has seen the last change, and every key that must be there is.
 * ARGV: token, the change expected, the change that this makes, then for each command its length and its parts.
 * A change that was made already is one whose answer was lost. Where both changes are the same, nothing is changed.
 */
const WRITE = `
local held = redis.call('HMGET', KEYS[1], 'token', 'change')
local change = held[2] or ''
if held[1] ~= ARGV[1] then return 'another worker has claimed it since, or Redis has lost it' end
if change == ARGV[3] and ARGV[2] ~= ARGV[3] then return 'done' end
if change ~= ARGV[2] then return 'Redis holds another state of it than its writer, as after a restart from an older copy' end
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 then
    redis.call('DEL', KEYS[1])
    return 'Redis has lost the key ' .. KEYS[i]
  end
end
if ARGV[2] == ARGV[3] then return 'done' end
local at = 4
while at <= #ARGV do
  local length = tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, at + length))
  at = at + length + 1
end
redis.call('HSET', KEYS[1], 'change', ARGV[3])
return 'done'`;

/** Adds one piece to a list that nobody reads yet. ARGV: token, number of the piece from 0, the piece. */
const STAGE = `
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
if ARGV[2] == '0' then redis.call('DEL', KEYS[2]) end
if redis.call('LLEN', KEYS[2]) ~= tonumber(ARGV[2]) then return 'lost' end
redis.call('RPUSH', KEYS[2], ARGV[3])
return 'done'`;

/**
 * What a copy lacks, of one moment. ARGV: the version it has, the view, number and id of the last stretch in it, and how
 * many stretches it takes at once. A number alone proves nothing: after a restart from an older copy, Redis gives it anew.
 */
const READ = `
local meta = redis.call('HMGET', KEYS[1], 'version', 'view', 'first', 'last')
if not meta[1] then return {'none'} end
if meta[1] == ARGV[1] then return {'same'} end
local first, last, have = tonumber(meta[3]), tonumber(meta[4]), tonumber(ARGV[3])
if redis.call('LLEN', KEYS[2]) ~= last - first + 1 then return {'incomplete'} end
local reaches = meta[2] == ARGV[2] and have >= first and have <= last
if not reaches or string.sub(redis.call('LINDEX', KEYS[2], have - first), 1, ${ID_LENGTH}) ~= ARGV[4] then
  return {'reload', redis.call('HGETALL', KEYS[1])}
end
local to = math.min(have + tonumber(ARGV[5]), last)
local stretches = {}
if to > have then stretches = redis.call('LRANGE', KEYS[2], have - first + 1, to - first) end
return {'stretches', redis.call('HGETALL', KEYS[1]), stretches}`;

/** What READ answers: kind, then the meta hash as names and values in turn, then stretches. */
export type ReadAnswer = readonly [
  kind: 'none' | 'same' | 'incomplete' | 'reload' | 'stretches',
  meta?: readonly string[],
  stretches?: readonly string[],
];

const script = <Reply>(SCRIPT: string) =>
  defineScript({
    SCRIPT,
    parseCommand(parser, keys: readonly string[], args: readonly string[]) {
      parser.pushKeysLength([...keys]);
      parser.pushVariadic([...args]);
    },
    transformReply: (reply: unknown) => reply as Reply,
  });

export const scripts = {
  claimPartition: script<string>(CLAIM),
  writePartition: script<string>(WRITE),
  stageState: script<'done' | 'fenced' | 'lost'>(STAGE),
  readPartition: script<ReadAnswer>(READ),
};
