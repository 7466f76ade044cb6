package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.LifeState;
import io.netty.buffer.ByteBuf;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/** What a server sends: the answer to a request, frames of a subscription, or an error. */
public sealed interface Answer extends Message {

    /**
     * To {@link Request.Hello}: the connection may be used.
     *
     * @param version the one that both speak from now on
     * @param capabilities those that both have
     * @param maxMessageBytes the largest length field that the server takes
     * @param maxInFlightRequests how many requests may wait for their answers
     * @param maxInFlightBytes how many bytes these may have; the server stops reading where that is passed
     * @param maxAppendBytes the largest payload of one append
     * @param producerWindow how many appends of one producer may be on their way in one partition
     * @param idleMillis how long the server lets a connection be quiet before it closes it; a client pings earlier
     * @param appendTimeoutMillis the log's own timeout of an append
     * @param defaultDurability of an append that asks for none
     * @param storeId which store it is: it never changes, whatever the address
     * @param serverMillis the server's clock, for people
     * @param serverName for the client's log
     */
    record Welcome(
            long id,
            int version,
            long capabilities,
            int maxMessageBytes,
            int maxInFlightRequests,
            int maxInFlightBytes,
            int maxAppendBytes,
            int producerWindow,
            int idleMillis,
            int appendTimeoutMillis,
            Durability defaultDurability,
            UUID storeId,
            long serverMillis,
            String serverName)
            implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.WELCOME;
        }
    }

    /** To {@link Request.Ping}. */
    record Pong(long id, long serverMillis) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.PONG;
        }
    }

    /** To {@link Request.Produce}: the durability asked for is reached. */
    record Produced(long id, long firstOffset) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.PRODUCED;
        }
    }

    /**
     * To {@link Request.Fetch}.
     *
     * @param frames whole frames, as they lie in the file; empty when the wait ended before there were any. One reference belongs to the message
     */
    record Fetched(long id, SliceHead head, ByteBuf frames) implements Answer {
        public Fetched {
            Objects.requireNonNull(frames, "frames");
        }

        @Override
        public MessageKind kind() {
            return MessageKind.FETCHED;
        }

        @Override
        public ByteBuf trailing() {
            return frames;
        }
    }

    /** To {@link Request.Subscribe}: it is there, and these are the ends. */
    record Subscribed(long id, Ends ends) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.SUBSCRIBED;
        }
    }

    /**
     * Frames of a subscription; takes as much of its credit as the frames have bytes. Sent while there is any credit left, so that the last one may
     * pass it.
     *
     * @param id of the subscription
     * @param frames as in {@link Fetched}; never empty
     */
    record Pushed(long id, SliceHead head, ByteBuf frames) implements Answer {
        public Pushed {
            Objects.requireNonNull(frames, "frames");
        }

        @Override
        public MessageKind kind() {
            return MessageKind.PUSHED;
        }

        @Override
        public ByteBuf trailing() {
            return frames;
        }
    }

    /**
     * To {@link Request.Unsubscribe}.
     *
     * @param existed false when the subscription had ended already
     */
    record Unsubscribed(long id, boolean existed) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.UNSUBSCRIBED;
        }
    }

    /**
     * To {@link Request.Offsets}.
     *
     * @param incarnation of the partition, for {@link PartitionName#only}
     */
    record Found(long id, long incarnation, Ends ends, long offset) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.FOUND;
        }
    }

    /**
     * To {@link Request.Create}.
     *
     * @param existed whether it was there already
     * @param incarnation of the partition, for {@link PartitionName#only}
     */
    record Created(long id, boolean existed, long incarnation, Ends ends) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.CREATED;
        }
    }

    /**
     * To {@link Request.ListPartitions}.
     *
     * @param hasMore whether a page follows
     */
    record Listed(long id, boolean hasMore, List<PartitionName> partitions) implements Answer {
        public Listed {
            partitions = List.copyOf(partitions);
        }

        @Override
        public MessageKind kind() {
            return MessageKind.LISTED;
        }
    }

    /**
     * To {@link Request.Describe}.
     *
     * @param segments the newest ones, oldest first; fewer than there are when the message would become too large
     * @param segmentCount how many there are
     * @param failure why it failed or cannot be used, if so
     */
    record Described(
            long id,
            LifeState state,
            Ends ends,
            int segmentCount,
            long fileBytes,
            List<Segment> segments,
            Optional<WireError> failure)
            implements Answer {
        public Described {
            segments = List.copyOf(segments);
        }

        @Override
        public MessageKind kind() {
            return MessageKind.DESCRIBED;
        }
    }

    /**
     * One segment.
     *
     * @param file its name in the partition's directory
     */
    record Segment(String file, long baseOffset, long endOffset, long usedBytes, long fileBytes, boolean isSealed) {}

    /** To {@link Request.Delete}. */
    record Deleted(long id, boolean existed) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.DELETED;
        }
    }

    /** To {@link Request.Trim}: where the log starts now. */
    record Trimmed(long id, long start) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.TRIMMED;
        }
    }

    /** To {@link Request.Checkpoints}: offsets by name, in the order of the names. */
    record CheckpointsAre(long id, SortedMap<String, Long> checkpoints) implements Answer {
        public CheckpointsAre {
            checkpoints = Collections.unmodifiableSortedMap(new TreeMap<>(checkpoints));
        }

        @Override
        public MessageKind kind() {
            return MessageKind.CHECKPOINTS_ARE;
        }
    }

    /** To {@link Request.SetCheckpoint}: it is durable. */
    record CheckpointSet(long id) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.CHECKPOINT_SET;
        }
    }

    /** To {@link Request.RemoveCheckpoint}. */
    record CheckpointRemoved(long id, boolean existed) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.CHECKPOINT_REMOVED;
        }
    }

    /** To {@link Request.Sync}: the durable end. */
    record Synced(long id, long durableEnd) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.SYNCED;
        }
    }

    /** In place of any answer, at the end of a subscription, or for the whole connection ({@link Protocol#NO_REQUEST}). */
    record Failed(long id, WireError error) implements Answer {
        @Override
        public MessageKind kind() {
            return MessageKind.ERROR;
        }
    }
}
