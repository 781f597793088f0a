/** What the invented shop sells, where to, and how urgent its customers' questions are; weights are shares of 100. */
export type Choice = { readonly name: string; readonly weight: number };
export type Category = Choice & { readonly typicalCents: number };

export const CATEGORIES: readonly [Category, ...Category[]] = [
  { name: 'books', weight: 24, typicalCents: 1_490 },
  { name: 'groceries', weight: 20, typicalCents: 620 },
  { name: 'clothing', weight: 16, typicalCents: 3_950 },
  { name: 'electronics', weight: 12, typicalCents: 18_900 },
  { name: 'toys', weight: 9, typicalCents: 2_290 },
  { name: 'garden', weight: 7, typicalCents: 2_750 },
  { name: 'sports', weight: 6, typicalCents: 4_990 },
  { name: 'music', weight: 4, typicalCents: 1_290 },
  { name: 'jewellery', weight: 2, typicalCents: 42_000 },
];

export const COUNTRIES: readonly [Choice, ...Choice[]] = [
  { name: 'DE', weight: 30 },
  { name: 'FR', weight: 18 },
  { name: 'GB', weight: 16 },
  { name: 'NL', weight: 10 },
  { name: 'ES', weight: 9 },
  { name: 'PL', weight: 7 },
  { name: 'SE', weight: 5 },
  { name: 'US', weight: 4 },
  { name: 'JP', weight: 1 },
];

export const PRIORITIES: readonly [Choice, ...Choice[]] = [
  { name: 'normal', weight: 62 },
  { name: 'low', weight: 23 },
  { name: 'high', weight: 12 },
  { name: 'urgent', weight: 3 },
];

export const WEIGHTS_TOTAL = 100;
export const CUSTOMERS = 20_000;
export const PRODUCTS_PER_CATEGORY = 200;

const CUSTOMER_IDS = Array.from({ length: CUSTOMERS }, (_, customer) => `c${String(customer).padStart(5, '0')}`);

/** Of a customer from 0 to CUSTOMERS − 1. */
export function customerId(customer: number): string {
  return CUSTOMER_IDS[customer] ?? '';
}
