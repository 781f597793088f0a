const ORDER =
  '"event_id":"poison","order_id":"o","customer_id":null,"category":"books","country":"DE","amount":1,"occurred_at"';

const TEXTS = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '12',
  'NaN',
  '{"type":"order_lost"}',
  '{"__proto__":{"type":"order_placed"}}',
  `{"type":"order_placed",${ORDER}:"2019-11-31T00:00:00Z"}`,
  `{"type":"order_placed",${ORDER}:-1}`,
  `{"type":"order_placed",${ORDER}:9223372036854775808}`,
  `{"type":"order_placed",${ORDER}:"2026-01-01T00:00:00Z","amount":1e400}`,
  `{"type":"order_placed",${ORDER}:"2026-01-01T00:00:00Z","amount":NaN}`,
  `{"type":"order_placed",${ORDER}:"2026-01-01T00:00:00Z","amount":-1}`,
  `{"type":"order_placed",${ORDER}:"2026-01-01T00:00:00Z","amount":0.00001}`,
  `{"type":"order_placed",${ORDER}:"2026-01-01T00:00:00Z","unknown":1}`,
  `{"type":"order_placed",${ORDER}:"2026-01-01T00:00:00Z","__proto__":{"amount":2}}`,
  `{"type":"order_placed",${ORDER}:"2026-01-01T00:00:00Z","category":"a\\u0000b"}`,
  `{"type":"order_placed",${ORDER}:"2026-01-01T00:00:00Z","category":"\\ud800"}`,
  '['.repeat(30_000),
  '{"a":'.repeat(10_000),
];

/** Values of log records that are no events, the last of them so many bytes large. */
export function poison(largest: number): readonly (Buffer | null)[] {
  return [
    null,
    ...TEXTS.map((text) => Buffer.from(text)),
    Buffer.from([0xff, 0xfe, 0x00]),
    Buffer.concat([Buffer.from('{"type":"order_placed","category":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
    Buffer.alloc(largest, 'x'),
  ];
}
