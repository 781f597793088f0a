import type { Admin, Kafka } from 'kafkajs';
import { TandemError } from '../../errors.js';
import { connectTo, type KafkaConnection } from './kafka-client.js';

const READ_UNCOMMITTED = 0;
/** By what the client makes all that it consists of. Private, so found by the name that it has in kafkajs 2.2.4. */
const CREATE_CLUSTER = 'private:Kafka:createCluster';

type Creating = Record<symbol, ((options: object) => unknown) | undefined>;

/**
 * An admin to whom a partition ends behind the last record that was written, also within a transaction that is still open.
 * Others are told the last stable offset, as brokers answer who reads only what was committed; the client lets nobody choose.
 */
export function uncommittedAdmin(connection: KafkaConnection): Admin {
  const kafka = connectTo(connection, 'log ends');
  const client = kafka as Kafka & Creating;
  const name = Object.getOwnPropertySymbols(client).find(({ description }) => description === CREATE_CLUSTER);
  const create = name && client[name];
  if (!name || !create) throw new TandemError('internal', `kafkajs: found no ${CREATE_CLUSTER}; 2.2.4 has it`);
  client[name] = (options) => create({ ...options, isolationLevel: READ_UNCOMMITTED });
  return kafka.admin();
}
