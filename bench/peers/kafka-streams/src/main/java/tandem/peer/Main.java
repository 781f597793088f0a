package tandem.peer;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * Reads a topic once, to where it ends now, and prints one line of JSON: records, seconds from the first record to the
 * last, processor seconds of the whole process, totals. Exits with 1 when anything went wrong.
 */
public final class Main {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private Main() {}

  public static void main(String[] arguments) {
    try {
      run(Settings.of(arguments));
    } catch (Exception error) {
      error.printStackTrace();
      System.exit(1);
    }
  }

  private static void run(Settings settings) throws Exception {
    Progress progress = new Progress(endsOf(settings));
    double seconds;
    try (KafkaStreams streams = new KafkaStreams(topologyOf(settings, progress), settings.forStreams())) {
      streams.setUncaughtExceptionHandler(error -> {
        progress.fail(error);
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
      });
      streams.start();
      seconds = progress.awaitSeconds();
      if (!streams.close(PATIENCE)) throw new IllegalStateException("found threads still running after " + PATIENCE);
    }
    System.out.println(report(seconds, progress.totals()));
  }

  private static Topology topologyOf(Settings settings, Progress progress) {
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    return new Topology()
        .addSource("events", bytes, bytes, settings.topic())
        .addProcessor("fold", () -> new FoldProcessor(settings, progress), "events")
        .addStateStore(new CellStoreBuilder(settings.storeName(), settings.isDurable()), "fold");
  }

  /** Where each partition ends now (exclusive). */
  private static Map<Integer, Long> endsOf(Settings settings) throws Exception {
    try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, settings.brokers()))) {
      TopicDescription topic = admin.describeTopics(List.of(settings.topic())).allTopicNames().get().get(settings.topic());
      Map<TopicPartition, OffsetSpec> wanted = topic.partitions().stream().collect(
          Collectors.toMap(found -> new TopicPartition(settings.topic(), found.partition()), found -> OffsetSpec.latest()));
      Map<Integer, Long> ends = new HashMap<>();
      admin.listOffsets(wanted).all().get().forEach((partition, end) -> ends.put(partition.partition(), end.offset()));
      return ends;
    }
  }

  private static String report(double seconds, Map<String, Long> totals) {
    Duration processor = ProcessHandle.current().info().totalCpuDuration().orElseThrow();
    String numbers = totals.entrySet().stream()
        .map(total -> "\"" + total.getKey() + "\":" + total.getValue())
        .collect(Collectors.joining(","));
    return "{\"records\":" + totals.get("read") + ",\"seconds\":" + seconds
        + ",\"cpuSeconds\":" + processor.toMillis() / 1e3 + ",\"totals\":{" + numbers + "}}";
  }
}
