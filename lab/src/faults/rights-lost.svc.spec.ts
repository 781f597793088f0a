import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testRedisUrl } from '@tandem/shared/testing/config';
import kafkajs, { type AclEntry, type Admin, type AclOperationTypes as Operation } from 'kafkajs';
import { type Kafka, startKafka } from '../services/kafka.js';
import { ProcessesScene } from '../testing/processes-scene.js';
import { sampleEvent } from '../testing/sample-events.js';
import { waitFor } from '../testing/tandem-process.js';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

/** A broker that asks for rights, and lets everybody do what is not forbidden. */
const WITH_RIGHTS = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
};

describe('While three layers run, their rights over the topic are taken away', () => {
  let folder: string;
  let kafka: Kafka;
  let scene: ProcessesScene;
  let admin: Admin;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tandem-rights-'));
    kafka = await startKafka({ folder, settings: WITH_RIGHTS });
    scene = await ProcessesScene.open({ brokers: kafka.brokers, redisUrl: testRedisUrl(), seed: 12 });
    admin = new kafkajs.Kafka({ brokers: [kafka.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    await scene.startAll();
  }, 120_000);
  afterAll(async () => {
    await scene?.close();
    await admin?.disconnect();
    await kafka?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  async function ingest(count: number): Promise<void> {
    const events = Array.from({ length: count }, () => {
      const event = sampleEvent(scene.random, 'rights', scene.sent.count);
      scene.sent.add(event);
      return event;
    });
    await scene.client.ingest(events);
    scene.sent.acknowledge(events);
  }
  /** What is forbidden by name, and what else may be done must then be allowed by name. */
  const rulesFor = (...forbidden: readonly Operation[]): AclEntry[] => {
    const rule = { principal: 'User:ANONYMOUS', host: '*', resourceName: scene.topic };
    const resource = { resourceType: AclResourceTypes.TOPIC, resourcePatternType: ResourcePatternTypes.LITERAL };
    const [all, allow, deny] = [AclOperationTypes.ALL, AclPermissionTypes.ALLOW, AclPermissionTypes.DENY];
    return [
      { ...rule, ...resource, operation: all, permissionType: allow },
      ...forbidden.map((operation) => ({ ...rule, ...resource, operation, permissionType: deny })),
    ];
  };
  async function whileForbidden(operations: readonly Operation[], work: () => Promise<void>): Promise<void> {
    const acl = rulesFor(...operations);
    await admin.createAcls({ acl });
    try {
      await work();
    } finally {
      await admin.deleteAcls({ filters: acl });
    }
  }
  async function expectAllWell(): Promise<void> {
    await scene.untilReady();
    await ingest(10);
    await scene.client.publish();
    expect(await scene.faults()).toEqual([]);
  }
  const reason = /not authorized|authorization failed/i;
  async function expectNoRun(): Promise<void> {
    const { id } = (await scene.client.post('/batch/runs')).body as { id: number };
    expect(await scene.client.runOver(id)).toMatchObject({
      state: 'failed',
      error: { message: expect.stringMatching(reason) },
    });
  }
  const untilNotReady = () =>
    waitFor('/ready to say that it is not authorized', async () => {
      const { status, text } = await scene.client.get('/ready');
      return status === 503 && reason.test(text);
    });

  it('to write: events are refused with the reason, and answers stay right', async () => {
    await expectAllWell();
    await whileForbidden([AclOperationTypes.WRITE], async () => {
      const before = (await scene.client.answer('/metrics/revenue')).merged['line_items'];
      const refused = await scene.client.post('/events', sampleEvent(scene.random, 'refused', 0));
      expect([refused.status, refused.text]).toEqual([503, expect.stringMatching(reason)]);
      await expectNoRun();
      expect((await scene.client.answer('/metrics/revenue')).merged['line_items']).toBe(before);
    });
    await expectAllWell();
  }, 120_000);

  it('to read: there is one state with the reason, which ends when they are given back', async () => {
    await whileForbidden([AclOperationTypes.READ], async () => {
      await ingest(10);
      await untilNotReady();
      expect((await scene.client.get('/metrics/revenue')).status).toBe(503);
      await expectNoRun();
    });
    await expectAllWell();
  }, 120_000);

  it('to look at it at all: there is one state with the reason, which ends when they are given back', async () => {
    await whileForbidden([AclOperationTypes.ALL], async () => {
      await untilNotReady();
      expect((await scene.client.get('/metrics/revenue')).status).toBe(503);
      await expectNoRun();
    });
    await expectAllWell();
  }, 120_000);
});
