import { defineMetric } from './define-metric.js';
import { count, total } from './metric.js';

export default defineMetric({
  name: 'tickets',
  description: 'Support tickets by priority: opened, closed, and how many are open.',
  dimensions: ['priority'],
  measures: {
    opened: count(['ticket_opened']),
    closed: count(['ticket_closed']),
    // A ticket that changes priority leaves one group and enters another; its event names both.
    moved_in: count(['ticket_priority_changed']),
    moved_out: count(['ticket_priority_changed'], { by: { priority: 'previous_priority' } }),
  },
  derived: {
    open: total(['opened', 'moved_in'], ['closed', 'moved_out']),
  },
});
