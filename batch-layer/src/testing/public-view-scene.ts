import { type Logger, type Metric, viewTableName } from '@tandem/shared';
import { type Database, openDatabase } from '@tandem/shared/adapters/postgres/database';
import { PostgresRunStore } from '@tandem/shared/adapters/postgres/postgres-run-store';
import pg from 'pg';
import { PostgresViewPublisher } from '../adapters/postgres/postgres-view-publisher.js';
import { passCheckpoints } from '../checkpoint.js';
import type { BatchTools } from '../run-batch.js';
import { orderLines } from './sample-records.js';
import { PARTITIONS, TestBatchLayer } from './test-batch-layer.js';
import { ALL_OF_M } from './view-metrics.js';

export type LogLine = { readonly message: string; readonly facts: Readonly<Record<string, unknown>> };

/** A batch layer whose programs come and go with other definitions, the roles of its readers, and what the log said. */
export class PublicViewScene {
  readonly layer: TestBatchLayer;
  readonly said: LogLine[] = [];
  readonly #roles: string[] = [];
  readonly #connections: pg.Client[] = [];
  readonly #databases: Database[] = [];
  #publisher: PostgresViewPublisher;
  #tools: BatchTools;

  private constructor(layer: TestBatchLayer) {
    this.layer = layer;
    this.#publisher = new PostgresViewPublisher(layer.database, this.#logger, passCheckpoints);
    this.#tools = layer.tools;
  }

  /** With a program of these metrics, started. */
  static async open(metrics: readonly Metric[]): Promise<PublicViewScene> {
    const scene = new PublicViewScene(await TestBatchLayer.open([]));
    await scene.start(metrics);
    return scene;
  }

  /** With twenty order lines, published. */
  static async openPublished(metrics: readonly Metric[]): Promise<PublicViewScene> {
    const scene = await PublicViewScene.open(metrics);
    scene.layer.append(orderLines(20, { partitions: PARTITIONS }));
    await scene.publish();
    return scene;
  }

  /** The next program takes over, as its start does. */
  async start(metrics: readonly Metric[]): Promise<void> {
    this.#tools = { ...this.layer.tools, metrics, publisher: this.#publisher };
    await this.#publisher.prepare(metrics);
    await this.#publisher.showViews(metrics);
  }

  async publish(): Promise<number> {
    return (await this.layer.publish('incremental', this.#tools)).id;
  }

  /** Ten more order lines, beginning with the `from`-th, published. */
  async publishMore(from: number): Promise<number> {
    this.layer.append(orderLines(10, { from, partitions: PARTITIONS }));
    return this.publish();
  }

  rollback() {
    return new PostgresRunStore(this.layer.database, this.#logger).rollback();
  }

  /** From here on the layer works as a role that owns both schemas and what is in them, and is no superuser. */
  async workAs(role: string): Promise<void> {
    await this.rows(`GRANT ALL ON SCHEMA tandem, batch_view TO ${role}; GRANT TEMP ON DATABASE ${await this.#name()} TO ${role};
      ALTER SCHEMA tandem OWNER TO ${role}; ALTER SCHEMA batch_view OWNER TO ${role};
      DO $$ DECLARE it regclass; BEGIN
        FOR it IN SELECT oid FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace IN ('tandem'::regnamespace, 'batch_view'::regnamespace)
        LOOP EXECUTE format('ALTER TABLE %s OWNER TO ${role}', it); END LOOP; END $$`);
    const url = Object.assign(new URL(this.layer.url), { search: `?options=-c%20role%3D${role}` }).href;
    const database = openDatabase({
      url,
      name: 'role',
      maxConnections: 4,
      statementTimeoutMs: 0,
      onConnectionLost: () => {},
    });
    this.#databases.push(database);
    this.#publisher = new PostgresViewPublisher(database, this.#logger, passCheckpoints);
    this.#tools = { ...this.#tools, publisher: this.#publisher };
  }

  /** What the batch layer does whenever it has nothing else to do. */
  attend(): Promise<void> {
    return this.#tools.publisher.showViewsThatWait(this.#tools.metrics);
  }

  async rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return (await this.layer.database.query(sql)).rows;
  }

  /** What the rows of a view have together; null when there are none. */
  async linesIn(view: string): Promise<unknown> {
    return (await this.rows(`SELECT sum(lines)::int AS lines FROM ${view}`))[0]?.['lines'];
  }

  /** What the cube's row of everything has. */
  async total(): Promise<unknown> {
    return (await this.rows(`SELECT lines::int AS lines ${ALL_OF_M}`))[0]?.['lines'];
  }

  /** Everything in the schema, by name and identity. */
  oids() {
    return this.rows(
      `SELECT relname, oid FROM pg_class WHERE relnamespace = 'batch_view'::regnamespace AND relkind <> 'c' ORDER BY 1`,
    );
  }

  async columns(view: string): Promise<readonly string[]> {
    const rows = await this.rows(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'batch_view' AND table_name = '${view}' ORDER BY ordinal_position`,
    );
    return rows.map(({ name }) => String(name));
  }

  /** A role of this scene; roles are shared by all databases of a server. */
  async role(name: string): Promise<string> {
    const role = `${name}_${await this.#name()}`;
    await this.rows(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA batch_view TO ${role}`);
    this.#roles.push(role);
    return role;
  }

  /** A connection of its own, with its own transactions. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.layer.url });
    await client.connect();
    this.#connections.push(client);
    return client;
  }

  /** The rows as a role sees them; throws when it may not. */
  async rowsAs(role: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = await this.connect();
    await client.query(`SET ROLE ${role}`);
    return (await client.query(sql)).rows;
  }

  async close(): Promise<void> {
    for (const client of [...this.#connections, ...this.#databases]) await client.end();
    for (const role of this.#roles)
      await this.rows(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role} CASCADE`);
    for (const role of this.#roles) await this.rows(`DROP ROLE ${role}`);
    await this.layer.close();
  }

  async #name(): Promise<string> {
    return String((await this.rows('SELECT current_database() AS name'))[0]?.['name']);
  }

  get #logger(): Logger {
    const keep = (facts: LogLine['facts'], message: string) => this.said.push({ facts, message });
    return { ...this.layer.tools.logger, info: () => {}, warn: keep, error: keep } as unknown as Logger;
  }
}

/** The view of a metric of version 0.1, as it made it in each run. */
export function oldPublicViewSql(metric: Metric, columns: string): string {
  return `DROP VIEW IF EXISTS batch_view."${metric.name}";
CREATE VIEW batch_view."${metric.name}" AS
SELECT r.grain, r.bucket, r."grouping", ${columns}
FROM tandem.batch_current c
JOIN ${viewTableName(metric)} r ON r.run_id IN (SELECT computed_by FROM tandem.run_day WHERE run_id = c.run_id UNION SELECT c.run_id)
WHERE CASE WHEN r.day IS NULL THEN r.run_id = c.run_id
           ELSE EXISTS (SELECT FROM tandem.run_day d WHERE d.run_id = c.run_id AND d.day = r.day AND d.computed_by = r.run_id) END`;
}
