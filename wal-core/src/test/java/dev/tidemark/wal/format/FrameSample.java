package dev.tidemark.wal.format;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;

/** One frame as plain values, to write and to compare. The extension's fields are zero where the flags announce none. */
record FrameSample(
        FrameKind kind,
        int flags,
        long timestampMillis,
        long offset,
        int count,
        long synced,
        long producerId,
        long producerEpoch,
        long firstSequence,
        long term,
        long index,
        byte[] payload) {

    static FrameSample random(Random random) {
        FrameKind[] kinds = FrameKind.values();
        FrameKind kind = kinds[random.nextInt(kinds.length)];
        int count = kind.takesOffsets() ? kind == FrameKind.RAW ? 1 : 1 + random.nextInt(Integer.MAX_VALUE) : 0;
        long offset = (random.nextLong() >>> 2 >>> random.nextInt(60)) + 1;
        byte[] payload = new byte[random.nextInt(600)];
        random.nextBytes(payload);
        int[] flags = {
            FrameCodec.NO_EXTENSION,
            FrameCodec.PRODUCER_EXTENSION,
            FrameCodec.REPLICATION_EXTENSION,
            FrameCodec.BOTH_EXTENSIONS
        };
        FrameSample bare = new FrameSample(
                kind,
                0,
                random.nextLong() >>> 16,
                offset,
                count,
                (long) (random.nextDouble() * offset),
                random.nextLong(),
                random.nextLong(),
                random.nextLong(),
                random.nextLong(),
                random.nextLong(),
                payload);
        return bare.withFlags(flags[random.nextInt(flags.length)]);
    }

    FrameSample withFlags(int flags) {
        boolean producer = (flags & 0x10) != 0;
        boolean replication = (flags & 0x20) != 0;
        return new FrameSample(
                kind,
                flags,
                timestampMillis,
                offset,
                count,
                synced,
                producer ? producerId : 0,
                producer ? producerEpoch : 0,
                producer ? firstSequence : 0,
                replication ? term : 0,
                replication ? index : 0,
                payload);
    }

    FrameSample withPayload(byte[] newPayload) {
        return new FrameSample(
                kind,
                flags,
                timestampMillis,
                offset,
                count,
                synced,
                producerId,
                producerEpoch,
                firstSequence,
                term,
                index,
                newPayload);
    }

    FrameSample withProducer(long id, long epoch, long sequence) {
        return new FrameSample(
                kind, flags, timestampMillis, offset, count, synced, id, epoch, sequence, term, index, payload);
    }

    FrameSample withReplication(long newTerm, long newIndex) {
        return new FrameSample(
                kind,
                flags,
                timestampMillis,
                offset,
                count,
                synced,
                producerId,
                producerEpoch,
                firstSequence,
                newTerm,
                newIndex,
                payload);
    }

    int writeTo(ByteBuffer buffer, int at, int salt, long filePosition) {
        CRC32C scratch = new CRC32C();
        int payloadCrc = FrameCodec.crcOf(ByteBuffer.wrap(payload), 0, payload.length, scratch);
        FrameCodec.putHeader(
                buffer, at, payload.length, offset, FrameCodec.stamp(timestampMillis, kind, flags), count, payloadCrc);
        if (FrameCodec.hasProducer(buffer, at)) {
            FrameCodec.putProducer(buffer, at, producerId, producerEpoch, firstSequence);
        }
        if (FrameCodec.hasReplication(buffer, at)) {
            FrameCodec.putReplication(buffer, at, term, index);
        }
        buffer.put(FrameCodec.payloadAt(buffer, at), payload);
        FrameCodec.putPadding(buffer, at);
        return FrameCodec.finish(buffer, at, salt, filePosition, synced, scratch);
    }

    static FrameSample readFrom(ByteBuffer buffer, int at) {
        boolean producer = FrameCodec.hasProducer(buffer, at);
        boolean replication = FrameCodec.hasReplication(buffer, at);
        byte[] payload = new byte[FrameCodec.length(buffer, at)];
        buffer.get(FrameCodec.payloadAt(buffer, at), payload);
        return new FrameSample(
                FrameCodec.kind(buffer, at),
                FrameCodec.flags(buffer, at),
                FrameCodec.timestampMillis(buffer, at),
                FrameCodec.offset(buffer, at),
                FrameCodec.count(buffer, at),
                FrameCodec.synced(buffer, at),
                producer ? FrameCodec.producerId(buffer, at) : 0,
                producer ? FrameCodec.producerEpoch(buffer, at) : 0,
                producer ? FrameCodec.firstSequence(buffer, at) : 0,
                replication ? FrameCodec.replicationTerm(buffer, at) : 0,
                replication ? FrameCodec.replicationIndex(buffer, at) : 0,
                payload);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FrameSample that && toString().equals(that.toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }

    @Override
    public String toString() {
        return kind + " flags=" + flags + " timestampMillis=" + timestampMillis + " offset=" + offset + " count="
                + count + " synced=" + synced + " producer=" + producerId + "/" + producerEpoch + "/" + firstSequence
                + " replication=" + term + "/" + index + " payload=" + Arrays.toString(payload);
    }
}
