package dev.tidemark.examples.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.Retention;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BrokerTest {
    private static final Duration NOW = Duration.ZERO;
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private static List<String> rest(Consumer consumer) throws InterruptedException {
        List<String> values = new ArrayList<>();
        for (Optional<Message> next = consumer.poll(NOW); next.isPresent(); next = consumer.poll(NOW)) {
            values.add(next.get().value());
        }
        return values;
    }

    @Test
    void messagesOfOneKey_stayInOrder() throws InterruptedException {
        try (Broker broker = Broker.open(directory)) {
            broker.createTopic("orders", 4);
            for (int i = 0; i < 20; i++) {
                broker.publish("orders", "customer " + i % 2, Integer.toString(i));
            }
            try (Consumer consumer = broker.consumer("orders", "billing")) {
                List<String> all = rest(consumer);

                assertThat(all).hasSize(20);
                assertThat(all.stream().map(Integer::parseInt).filter(i -> i % 2 == 1))
                        .isSorted();
            }
        }
    }

    @Test
    void groupGoesOnBehindItsCommit_alsoInAnotherLife() throws InterruptedException {
        try (Broker broker = Broker.open(directory)) {
            broker.createTopic("orders", 1);
            for (String value : List.of("a", "b", "c", "d")) {
                broker.publish("orders", "k", value);
            }
            try (Consumer consumer = broker.consumer("orders", "billing")) {
                consumer.poll(NOW);
                consumer.poll(NOW);
                consumer.commit();
                consumer.poll(NOW);
            }
        }
        try (Broker broker = Broker.open(directory)) {
            assertThat(broker.topics()).isEqualTo(Map.of("orders", 1));
            try (Consumer billing = broker.consumer("orders", "billing");
                    Consumer audit = broker.consumer("orders", "audit")) {
                assertThat(rest(billing)).containsExactly("c", "d");
                assertThat(rest(audit)).containsExactly("a", "b", "c", "d");
            }
        }
    }

    @Test
    void membersOfAGroup_shareThePartitions() throws InterruptedException {
        try (Broker broker = Broker.open(directory)) {
            broker.createTopic("orders", 5);
            for (int i = 0; i < 50; i++) {
                broker.publish("orders", "key " + i, Integer.toString(i));
            }
            try (Consumer one = broker.consumer("orders", "billing", 0, 2);
                    Consumer other = broker.consumer("orders", "billing", 1, 2)) {
                List<String> all = rest(one);
                assertThat(all).isNotEmpty().hasSizeLessThan(50);
                all.addAll(rest(other));

                assertThat(all).hasSize(50).doesNotHaveDuplicates();
            }
        }
    }

    @Test
    void consumerThatWaits_getsTheNextMessage() throws Exception {
        try (Broker broker = Broker.open(directory)) {
            broker.createTopic("orders", 3);
            try (Consumer consumer = broker.consumer("orders", "billing")) {
                CompletableFuture<Optional<Message>> polled = CompletableFuture.supplyAsync(() -> {
                    try {
                        return consumer.poll(LONG);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
                Message published = broker.publishAsync("orders", "k", "v").get(60, TimeUnit.SECONDS);

                assertThat(polled.get(60, TimeUnit.SECONDS)).contains(published);
            }
        }
    }

    @Test
    void consumerOfAClosedBroker_getsAnError() {
        Broker broker = Broker.open(directory);
        broker.createTopic("orders", 1);
        Consumer consumer = broker.consumer("orders", "billing");
        broker.close();

        assertThatThrownBy(() -> consumer.poll(LONG)).isInstanceOf(WalException.class);
        consumer.close();
    }

    @Test
    void whatAGroupHasYetToRead_isNotTrimmed() throws InterruptedException {
        WalConfig config = WalConfig.builder(directory)
                .segmentBytes(16 << 10)
                .retention(Retention.FOREVER.keepingCheckpoints())
                .build();
        try (Broker broker = Broker.open(config)) {
            broker.createTopic("orders", 1);
            try (Consumer slow = broker.consumer("orders", "slow");
                    Consumer fast = broker.consumer("orders", "fast")) {
                publishSegments(broker);
                assertThat(rest(fast)).hasSize(100);
                fast.commit();
                // Each change of segments lets go what all groups have committed.
                publishSegments(broker);

                assertThat(rest(slow)).hasSize(200);
            }
        }
    }

    private static void publishSegments(Broker broker) {
        for (int i = 0; i < 100; i++) {
            broker.publish("orders", "k", "x".repeat(1000));
        }
    }

    @Test
    void wrongCalls_areRefused() {
        try (Broker broker = Broker.open(directory)) {
            assertThatThrownBy(() -> broker.createTopic("orders", 0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> broker.createTopic("no/topic", 1)).isInstanceOf(InvalidCallException.class);
            assertThatThrownBy(() -> broker.publish("absent", "k", "v")).isInstanceOf(NoSuchElementException.class);
            assertThatThrownBy(() -> broker.consumer("orders", "g", 2, 2)).isInstanceOf(IllegalArgumentException.class);
            assertThat(broker.topics()).isEmpty();
        }
    }
}
