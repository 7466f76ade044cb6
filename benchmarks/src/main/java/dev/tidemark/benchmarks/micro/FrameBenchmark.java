package dev.tidemark.benchmarks.micro;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.format.FrameVerdict;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One frame laid down, and one frame checked, as the write path and a reader do it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class FrameBenchmark {
    private static final int SALT = 0x5eed;
    private static final long FILE_POSITION = 4096;
    private static final long OFFSET = 4711;
    private static final long NOW_MILLIS = 1_760_000_000_000L;

    /** How long the payload is. */
    @Param({"16", "128", "1024", "16384", "1048576"})
    private int payloadBytes;

    private final CRC32C scratch = new CRC32C();
    private byte[] payload = {};
    private ByteBuffer frame = ByteBuffer.allocateDirect(0);
    private long fileBytes;

    /** A frame that is good, for those who check it. */
    @Setup
    public void layDownOnce() {
        payload = new byte[payloadBytes];
        new SplittableRandom(1).nextBytes(payload);
        frame = ByteBuffer.allocateDirect(FrameCodec.frameBytes(payloadBytes, 0));
        fileBytes = FILE_POSITION + frame.capacity();
        encode();
        if (decode() != FrameVerdict.VALID) {
            throw new IllegalStateException("the frame that was laid down does not verify");
        }
    }

    /** Copy, payload checksum, header, padding, header checksum. */
    @Benchmark
    public int encode() {
        frame.put(FrameCodec.HEADER_BYTES, payload);
        int payloadCrc = FrameCodec.crcOf(frame, FrameCodec.HEADER_BYTES, payloadBytes, scratch);
        long stamp = FrameCodec.stamp(NOW_MILLIS, FrameKind.RAW, FrameCodec.NO_EXTENSION);
        FrameCodec.putHeader(frame, 0, payloadBytes, OFFSET, stamp, 1, payloadCrc);
        FrameCodec.putPadding(frame, 0);
        return FrameCodec.finish(frame, 0, SALT, FILE_POSITION, OFFSET, scratch);
    }

    /** Header checksum, fields, payload checksum. */
    @Benchmark
    public FrameVerdict decode() {
        FrameVerdict header =
                FrameCodec.checkHeader(frame, 0, frame.capacity(), SALT, FILE_POSITION, fileBytes, OFFSET, scratch);
        return header == FrameVerdict.VALID ? FrameCodec.checkPayload(frame, 0, scratch) : header;
    }

    /** The checksum of the payload alone. */
    @Benchmark
    public int checksum() {
        return FrameCodec.crcOf(frame, FrameCodec.HEADER_BYTES, payloadBytes, scratch);
    }
}
