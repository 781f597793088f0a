package tandem.peer;

import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads a stretch of the topic apart from the application's own reading. */
final class SourceReader {
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  interface Visitor {
    void visit(byte[] value, long offset);
  }

  private SourceReader() {}

  /** Offsets from `from` (inclusive) to `to` (exclusive), in their order. */
  static void read(Settings settings, int partition, long from, long to, Visitor visitor) {
    TopicPartition source = new TopicPartition(settings.topic(), partition);
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings.forReader(), bytes, bytes)) {
      consumer.assign(List.of(source));
      consumer.seek(source, from);
      while (consumer.position(source) < to) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(PATIENCE)) {
          if (record.offset() < to) visitor.visit(record.value(), record.offset());
        }
      }
    }
  }
}
