package network;

import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;

/**
 * A Kafka broker and its own producer and consumer. {@code acks=all} and what follows from it (an idempotent producer) are set; the rest is as
 * it comes, but for {@code linger.ms} and {@code batch.size}, which are arguments. The consumer tests checksums, as it does by default, and
 * hands out values without copying them.
 */
final class KafkaSide implements Side {
    private final String servers;
    private final long serverPid;
    private final Properties topicConfig;
    private final Admin admin;
    private final KafkaProducer<byte[], byte[]> producer;
    private String topic = "";
    private int topics;
    private boolean isRead;

    KafkaSide(String servers, long serverPid, boolean isForced, String lingerMillis, String batchBytes)
            throws Exception {
        this.servers = servers;
        this.serverPid = serverPid;
        topicConfig = new Properties();
        if (isForced) {
            topicConfig.put("flush.messages", "1");
        }
        Properties config = new Properties();
        config.put("bootstrap.servers", servers);
        admin = Admin.create(config);
        config.put("acks", "all");
        config.put("linger.ms", lingerMillis);
        config.put("batch.size", batchBytes);
        producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
        makeTopic();
    }

    private void makeTopic() throws Exception {
        topic = "load-" + topics++;
        java.util.Map<String, String> settings = new java.util.HashMap<>();
        topicConfig.forEach((key, value) -> settings.put((String) key, (String) value));
        admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(settings)))
                .all()
                .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        // The first append finds out where the partition is; that is not what is measured.
        append(new byte[1]);
    }

    @Override
    public String name() {
        return "kafka";
    }

    @Override
    public long serverPid() {
        return serverPid;
    }

    @Override
    public void append(byte[] value) throws Exception {
        send(value).await();
    }

    @Override
    public Ack send(byte[] value) {
        Future<RecordMetadata> done = producer.send(new ProducerRecord<>(topic, 0, null, value));
        return () -> done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public long read(long untilNanos) {
        isRead = true;
        Properties config = new Properties();
        config.put("bootstrap.servers", servers);
        config.put("check.crcs", "true");
        TopicPartition partition = new TopicPartition(topic, 0);
        long bytes = 0;
        try (KafkaConsumer<byte[], java.nio.ByteBuffer> consumer =
                new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteBufferDeserializer())) {
            consumer.assign(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            consumer.seekToBeginning(List.of(partition));
            while (System.nanoTime() < untilNanos) {
                ConsumerRecords<byte[], java.nio.ByteBuffer> some = consumer.poll(Duration.ofMillis(100));
                long last = -1;
                for (ConsumerRecord<byte[], java.nio.ByteBuffer> record : some.records(partition)) {
                    bytes += record.value().remaining();
                    last = record.offset();
                }
                if (last >= end - 1) {
                    consumer.seekToBeginning(List.of(partition));
                }
            }
        }
        return bytes;
    }

    @Override
    public void empty() throws Exception {
        if (!isRead) {
            String old = topic;
            makeTopic();
            admin.deleteTopics(List.of(old)).all().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(5));
        admin.close(Duration.ofSeconds(5));
    }
}
