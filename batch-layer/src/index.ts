export { giveWay } from './give-way.js';
export * from './main.js';
