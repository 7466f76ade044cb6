package dev.tidemark.examples.broker;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.Retention;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalRecord;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A message broker in a few methods. A topic is some partitions of one store; a message goes to the partition that its key chooses, so messages with the
 * same key stay in order.
 *
 * <p><b>Threads.</b> Any may publish. A {@link Consumer} belongs to one thread.
 *
 * <p><b>Crash.</b> A message whose publishing has returned is there after a loss of power. So is a topic, and what a group has committed. There is nothing to
 * be done after a crash but to open the broker again: which topics there are is itself read from a log, {@code topics-0}, and a topic that was noted there
 * and whose partitions a crash prevented gets them on their first use.
 */
public final class Broker implements AutoCloseable {
    private static final PartitionId TOPICS = new PartitionId("topics", 0);
    private static final String TOPIC_PREFIX = "topic.";
    private static final int MAX_PARTITIONS = 64;

    private final Wal wal;
    private final Map<String, Integer> partitionsOfTopic = new ConcurrentHashMap<>();

    private Broker(Wal wal) {
        this.wal = wal;
    }

    /** Opens the broker in this directory. What every group has committed is given up, a whole segment at a time. */
    public static Broker open(Path directory) {
        return open(WalConfig.builder(directory)
                .retention(Retention.FOREVER.keepingCheckpoints())
                .build());
    }

    /** Opens the broker with other settings of the log. */
    public static Broker open(WalConfig config) {
        Wal wal = Wal.open(config);
        try {
            Broker broker = new Broker(wal);
            broker.readTopics();
            return broker;
        } catch (RuntimeException | Error e) {
            wal.close();
            throw e;
        }
    }

    /** Each record of the log of topics is a topic: its name as key, its number of partitions as value. */
    private void readTopics() {
        try (Cursor cursor = wal.partition(TOPICS).read(From.start())) {
            while (cursor.next()) {
                partitionsOfTopic.put(text(cursor.key().orElseThrow()), Integer.parseInt(text(cursor.value())));
            }
        }
    }

    /** Makes a topic, durably; does nothing if there is one of that name. */
    public synchronized void createTopic(String name, int partitions) {
        if (partitions < 1 || partitions > MAX_PARTITIONS) {
            throw new IllegalArgumentException("1 to " + MAX_PARTITIONS + ": partitions=" + partitions);
        }
        if (partitionsOfTopic.containsKey(name)) {
            return;
        }
        // The name is checked before it is noted: a topic that cannot have partitions must not be there for ever.
        PartitionId unused = new PartitionId(TOPIC_PREFIX + name, 0);
        wal.partition(TOPICS).append(List.of(WalRecord.of(bytes(name), bytes(Integer.toString(partitions)))));
        partitionsOfTopic.put(name, partitions);
    }

    /** The topics, and how many partitions each has. */
    public SortedMap<String, Integer> topics() {
        return new TreeMap<>(partitionsOfTopic);
    }

    /** Publishes; the message is durable when this returns. */
    public Message publish(String topic, String key, String value) {
        int partition = partitionOf(topic, key);
        long offset = partition(topic, partition).append(List.of(WalRecord.of(bytes(key), bytes(value))));
        return new Message(topic, partition, offset, key, value);
    }

    /** Publishes; the future completes when the message is durable. Many under way share the cost of a force. */
    public CompletableFuture<Message> publishAsync(String topic, String key, String value) {
        int partition = partitionOf(topic, key);
        return partition(topic, partition)
                .appendAsync(AppendRequest.of(List.of(WalRecord.of(bytes(key), bytes(value)))))
                .thenApply(offset -> new Message(topic, partition, offset, key, value));
    }

    /** The only consumer of its group: reads all partitions of the topic, from where the group was. */
    public Consumer consumer(String topic, String group) {
        return consumer(topic, group, 0, 1);
    }

    /**
     * One consumer of a group of several, which share the partitions of the topic between them.
     *
     * @param member which of them this is, from 0 on; each once, for the broker does not watch over that
     * @param members how many they are
     */
    public Consumer consumer(String topic, String group, int member, int members) {
        if (member < 0 || member >= members) {
            throw new IllegalArgumentException("no such member: member=" + member + " members=" + members);
        }
        Consumer consumer = new Consumer(topic, group);
        try {
            for (int partition = member; partition < partitions(topic); partition += members) {
                consumer.add(partition(topic, partition));
            }
            return consumer;
        } catch (RuntimeException | Error e) {
            consumer.close();
            throw e;
        }
    }

    private int partitions(String topic) {
        Integer partitions = partitionsOfTopic.get(topic);
        if (partitions == null) {
            throw new NoSuchElementException("no such topic: topic=" + topic);
        }
        return partitions;
    }

    private int partitionOf(String topic, String key) {
        return Math.floorMod(key.hashCode(), partitions(topic));
    }

    private LocalPartition partition(String topic, int partition) {
        return wal.partition(TOPIC_PREFIX + topic, partition);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Makes durable what is under way, and closes. */
    @Override
    public void close() {
        wal.close();
    }
}
