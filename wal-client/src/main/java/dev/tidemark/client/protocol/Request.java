package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.Durability;
import io.netty.buffer.ByteBuf;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/** What a client sends. Every request but {@link Credit} gets one answer, or an {@link Answer.Failed}. */
public sealed interface Request extends Message {

    /** One that is about a partition. */
    sealed interface OfPartition extends Request {
        /** The one that is meant, as the client names it. */
        PartitionName partition();
    }

    /**
     * The first message of a connection.
     *
     * @param lowestVersion the lowest version the client speaks
     * @param highestVersion the highest version the client speaks
     * @param capabilities what the client can do, one bit each: {@link Protocol#AUTHENTICATION}
     * @param maxMessageBytes the largest length field that the client takes
     * @param clientName for the server's log
     * @param authentication a token, or empty; a secret, so it is not printed
     */
    record Hello(
            long id,
            int lowestVersion,
            int highestVersion,
            long capabilities,
            int maxMessageBytes,
            String clientName,
            String authentication)
            implements Request {
        @Override
        public MessageKind kind() {
            return MessageKind.HELLO;
        }

        @Override
        public String toString() {
            return "Hello[id=" + id + ", versions=" + lowestVersion + ".." + highestVersion + ", capabilities="
                    + capabilities
                    + ", maxMessageBytes=" + maxMessageBytes + ", clientName=" + clientName + ", authentication="
                    + (authentication.isEmpty() ? "none" : "not shown") + ']';
        }

        /** Whether the client speaks this version. */
        public boolean speaks(int version) {
            return lowestVersion <= version && version <= highestVersion;
        }
    }

    /** Asks for a sign of life. */
    record Ping(long id) implements Request {
        @Override
        public MessageKind kind() {
            return MessageKind.PING;
        }
    }

    /**
     * One append: one frame in the log.
     *
     * @param mayCreate whether a partition that does not exist is created
     * @param durability empty for the log's default
     * @param timeoutMillis how long the server may let it wait, or {@link Protocol#DEFAULT_TIMEOUT}
     * @param count how many offsets it takes
     * @param payloadCrc CRC-32C of the payload, as its producer computed it
     * @param payload one reference of it belongs to the message
     */
    record Produce(
            long id,
            PartitionName partition,
            boolean mayCreate,
            Shape shape,
            Optional<Durability> durability,
            int timeoutMillis,
            int count,
            int payloadCrc,
            Optional<ProducerSequence> producer,
            OptionalLong expectedOffset,
            ByteBuf payload)
            implements OfPartition {
        public Produce {
            Objects.requireNonNull(partition, "partition");
            Objects.requireNonNull(payload, "payload");
        }

        @Override
        public MessageKind kind() {
            return MessageKind.PRODUCE;
        }

        @Override
        public ByteBuf trailing() {
            return payload;
        }
    }

    /**
     * Frames from an offset on.
     *
     * @param from inside a batch: the frame that holds it is sent
     * @param maxBytes about how many bytes of frames; the first frame is sent whole in any case. With 0 nothing is sent but the ends, once {@code from} can be read
     *     or the wait is over; it may lie beyond the end
     * @param minBytes with fewer bytes readable, the server waits, at most {@code maxWaitMillis}
     * @param visibility {@code SYNCED} for durable data only, or {@code WRITTEN}
     */
    record Fetch(
            long id,
            PartitionName partition,
            long from,
            int maxBytes,
            int minBytes,
            int maxWaitMillis,
            Durability visibility)
            implements OfPartition {
        @Override
        public MessageKind kind() {
            return MessageKind.FETCH;
        }
    }

    /**
     * From now on frames come without being asked for, as far as there is credit. Its id is the subscription's, and names no other request until that
     * has ended.
     *
     * @param creditBytes how many bytes of frames may be sent before the first {@link Credit}
     * @param maxPushBytes about how many bytes of frames in one message
     */
    record Subscribe(
            long id, PartitionName partition, long from, int creditBytes, int maxPushBytes, Durability visibility)
            implements OfPartition {
        @Override
        public MessageKind kind() {
            return MessageKind.SUBSCRIBE;
        }
    }

    /**
     * So many bytes of frames more. Not answered; for a subscription that has ended it means nothing.
     *
     * @param id of the subscription
     */
    record Credit(long id, int bytes) implements Request {
        @Override
        public MessageKind kind() {
            return MessageKind.CREDIT;
        }
    }

    /** Ends a subscription: behind the answer nothing comes of it any more. */
    record Unsubscribe(long id, long subscription) implements Request {
        @Override
        public MessageKind kind() {
            return MessageKind.UNSUBSCRIBE;
        }
    }

    /**
     * Where something lies, and where the log starts and ends.
     *
     * @param argument an offset or a time; 0 where {@code seek} needs none
     */
    record Offsets(long id, PartitionName partition, Seek seek, long argument) implements OfPartition {
        @Override
        public MessageKind kind() {
            return MessageKind.OFFSETS;
        }
    }

    /** Creates a partition, if there is none of the name. */
    record Create(long id, PartitionName partition) implements OfPartition {
        @Override
        public MessageKind kind() {
            return MessageKind.CREATE;
        }
    }

    /**
     * The partitions in the order of their names, a page of them.
     *
     * @param after the last of the page before; empty for the first page
     * @param max how many at most, 1 to {@link Protocol#MAX_LISTED}
     */
    record ListPartitions(long id, Optional<PartitionName> after, int max) implements Request {
        @Override
        public MessageKind kind() {
            return MessageKind.LIST;
        }
    }

    /** State, ends, segments and sizes of a partition. */
    record Describe(long id, PartitionName partition) implements OfPartition {
        @Override
        public MessageKind kind() {
            return MessageKind.DESCRIBE;
        }
    }

    /** Deletes a partition for good. */
    record Delete(long id, PartitionName partition) implements OfPartition {
        @Override
        public MessageKind kind() {
            return MessageKind.DELETE;
        }
    }

    /** Gives up what lies below an offset. */
    record Trim(long id, PartitionName partition, long offset) implements OfPartition {
        @Override
        public MessageKind kind() {
            return MessageKind.TRIM;
        }
    }

    /** All named positions of a partition. */
    record Checkpoints(long id, PartitionName partition) implements OfPartition {
        @Override
        public MessageKind kind() {
            return MessageKind.CHECKPOINTS;
        }
    }

    /** Sets or moves a named position. */
    record SetCheckpoint(long id, PartitionName partition, String name, long offset) implements OfPartition {
        @Override
        public MessageKind kind() {
            return MessageKind.SET_CHECKPOINT;
        }
    }

    /** Removes a named position. */
    record RemoveCheckpoint(long id, PartitionName partition, String name) implements OfPartition {
        @Override
        public MessageKind kind() {
            return MessageKind.REMOVE_CHECKPOINT;
        }
    }

    /** Makes durable what was accepted before. */
    record Sync(long id, PartitionName partition) implements OfPartition {
        @Override
        public MessageKind kind() {
            return MessageKind.SYNC;
        }
    }
}
