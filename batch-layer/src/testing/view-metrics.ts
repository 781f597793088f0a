import { count, defineMetric, distinct, sum, total } from '@tandem/shared';

/** A metric as programs define it one after the other. */
export const viewMetric = {
  name: 'm',
  description: 'Orders, for tests.',
  dimensions: ['country'],
  measures: { lines: count(['order_placed']), paid: sum('amount', ['order_placed']) },
  derived: { net: total(['paid']) },
} as const;

export const before = defineMetric(viewMetric);
export const withOrders = defineMetric({
  ...viewMetric,
  measures: { orders: distinct('order_id', ['order_placed']), ...viewMetric.measures },
});
export const withoutPaid = defineMetric({ ...viewMetric, measures: { lines: viewMetric.measures.lines }, derived: {} });
export const other = defineMetric({ ...viewMetric, name: 'other' });

/** The row of the cube over all time and groups. */
export const ALL_OF_M = `FROM batch_view.m WHERE grain = 'all' AND "grouping" = 0`;
