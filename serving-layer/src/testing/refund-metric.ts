import { count, defineMetric, distinct, ratio, sum } from '@tandem/shared';

/** A metric of the tests' own: everything must work for it without another line of code. */
export const refundMetric = defineMetric({
  name: 'refund_orders',
  description: 'Refunded amount and the orders it belongs to, by country.',
  dimensions: ['country'],
  measures: {
    amount: sum('amount', ['order_refunded']),
    orders: distinct('order_id', ['order_refunded']),
    lines: count(['order_refunded']),
  },
  derived: { lines_per_order: ratio('lines', 'orders') },
});
