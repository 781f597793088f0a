import { defineMetric } from './define-metric.js';
import { count, distinct, ratio, sum, total } from './metric.js';

export default defineMetric({
  name: 'revenue',
  description: 'What the shop earned: orders placed less orders refunded, by category and country.',
  dimensions: ['category', 'country'],
  measures: {
    gross: sum('amount', ['order_placed']),
    refunds: sum('amount', ['order_refunded']),
    line_items: count(['order_placed']),
    orders: distinct('order_id', ['order_placed']),
    customers: distinct('customer_id', ['order_placed', 'order_refunded']),
  },
  derived: {
    revenue: total(['gross'], ['refunds']),
    average_order_value: ratio('gross', 'orders'),
  },
});
