import { describeDeadLetters } from '../../testing/dead-letters.contract.js';
import { MemoryDeadLetters } from './memory-dead-letters.js';

describeDeadLetters('those in memory', async () => ({ deadLetters: new MemoryDeadLetters(), close: async () => {} }));
