package tandem.peer;

import java.util.Map;
import org.apache.kafka.streams.state.StoreBuilder;

/** Makes one store per partition, with a compacted changelog or without. */
final class CellStoreBuilder implements StoreBuilder<CellStore> {
  private final String name;
  private final boolean isLogged;

  CellStoreBuilder(String name, boolean isLogged) {
    this.name = name;
    this.isLogged = isLogged;
  }

  @Override
  public CellStore build() {
    return new CellStore(name, isLogged);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean loggingEnabled() {
    return isLogged;
  }

  @Override
  public Map<String, String> logConfig() {
    return Map.of();
  }

  @Override
  public StoreBuilder<CellStore> withCachingEnabled() {
    return this;
  }

  @Override
  public StoreBuilder<CellStore> withCachingDisabled() {
    return this;
  }

  @Override
  public StoreBuilder<CellStore> withLoggingEnabled(Map<String, String> config) {
    throw new UnsupportedOperationException("logging is decided when the builder is made");
  }

  @Override
  public StoreBuilder<CellStore> withLoggingDisabled() {
    throw new UnsupportedOperationException("logging is decided when the builder is made");
  }
}
