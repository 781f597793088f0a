package tandem.peer;

import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;

/** What the command line says (name=value …), and what follows from it for Kafka. */
record Settings(
    String brokers, String topic, String application, String folder, boolean isDurable, int threads, int reach, int commitMs) {

  /** Throws IllegalArgumentException for a name that is missing. */
  static Settings of(String[] arguments) {
    Map<String, String> given = new HashMap<>();
    for (String argument : arguments) {
      String[] parts = argument.split("=", 2);
      given.put(parts[0], parts.length == 2 ? parts[1] : "");
    }
    String mode = need(given, "mode");
    if (!mode.equals("durable") && !mode.equals("volatile")) {
      throw new IllegalArgumentException("mode: found " + mode + "; allowed are durable (changelog, exactly once) and volatile");
    }
    return new Settings(need(given, "brokers"), need(given, "topic"), need(given, "application"), need(given, "folder"),
        mode.equals("durable"), Integer.parseInt(need(given, "threads")), Integer.parseInt(need(given, "reach")),
        Integer.parseInt(need(given, "commit-ms")));
  }

  private static String need(Map<String, String> given, String name) {
    String value = given.get(name);
    if (value == null || value.isEmpty()) throw new IllegalArgumentException("found no " + name + "=…; it is needed");
    return value;
  }

  String storeName() {
    return "cells";
  }

  Properties forStreams() {
    Properties all = new Properties();
    all.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    all.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
    all.put(StreamsConfig.STATE_DIR_CONFIG, folder);
    all.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, threads);
    all.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, isDurable ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
    all.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, commitMs);
    all.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    all.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 2_000);
    all.put(StreamsConfig.ENABLE_METRICS_PUSH_CONFIG, false);
    forReading().forEach((name, value) -> all.put(StreamsConfig.mainConsumerPrefix(name), value));
    forLogging().forEach((name, value) -> all.put(StreamsConfig.producerPrefix(name), value));
    return all;
  }

  Properties forReader() {
    Properties all = new Properties();
    all.putAll(forReading());
    all.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    return all;
  }

  /** Large fetches; no check sums, as the clients for Node make none. */
  private static Map<String, Object> forReading() {
    return Map.of(
        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
        ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 8 << 20,
        ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 32 << 20,
        ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1_000,
        ConsumerConfig.RECEIVE_BUFFER_CONFIG, 1 << 20,
        ConsumerConfig.CHECK_CRCS_CONFIG, false);
  }

  private static Map<String, Object> forLogging() {
    return Map.of(
        ProducerConfig.BATCH_SIZE_CONFIG, 512 << 10,
        ProducerConfig.LINGER_MS_CONFIG, 20,
        ProducerConfig.BUFFER_MEMORY_CONFIG, 64 << 20);
  }
}
