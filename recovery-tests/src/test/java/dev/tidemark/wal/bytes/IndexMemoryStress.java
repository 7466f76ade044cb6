package dev.tidemark.wal.bytes;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJJ_Result;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** The memory of the sparse index, in both implementations: appending beside reading, and freeing beside reading. */
public final class IndexMemoryStress {
    private IndexMemoryStress() {}

    private static final BytesProvider JDK = new JdkBytes();
    private static final BytesProvider CHRONICLE = new ChronicleBytes();

    private static final int FULL = ChunkedIndexMemory.FIRST_CHUNK_ENTRIES;

    /** One whose next entry needs a new chunk: that has to be published as well. */
    private static IndexMemory beforeANewChunk(BytesProvider provider) {
        IndexMemory memory = provider.newIndexMemory(2 * FULL);
        for (int i = 0; i < FULL; i++) {
            add(memory, 1, 1, 1);
        }
        return memory;
    }

    private static IndexMemory withOneEntry(BytesProvider provider) {
        IndexMemory memory = provider.newIndexMemory(1);
        add(memory, 7, 8, 9);
        return memory;
    }

    private static void add(IndexMemory memory, long first, long second, long third) {
        if (!memory.append(first, second, third)) {
            throw new IllegalStateException("no room for an entry");
        }
    }

    private static void readNewest(IndexMemory memory, JJJ_Result seen) {
        if (memory.size() > FULL) {
            seen.r1 = memory.get(FULL, 0);
            seen.r2 = memory.get(FULL, 1);
            seen.r3 = memory.get(FULL, 2);
        }
    }

    private static void readWhileItLives(IndexMemory memory, JJ_Result seen) {
        if (!memory.tryRetain()) {
            seen.r1 = -1;
            return;
        }
        seen.r1 = memory.get(0, 1);
        memory.release();
    }

    /** The writer adds an entry in a new chunk while a reader looks. */
    @JCStressTest
    @Outcome(
            id = {"0, 0, 0", "7, 8, 9"},
            expect = ACCEPTABLE,
            desc = "no entry, or the whole of it")
    @Outcome(expect = FORBIDDEN, desc = "an entry below the size is seen as zero or in part")
    @State
    public static class JdkAppend {
        private final IndexMemory memory = beforeANewChunk(JDK);

        /** Adds. */
        @Actor
        public void writer() {
            add(memory, 7, 8, 9);
        }

        /** Looks. */
        @Actor
        public void reader(JJJ_Result seen) {
            readNewest(memory, seen);
        }

        /** Frees. */
        @Arbiter
        public void free(JJJ_Result seen) {
            memory.release();
        }
    }

    /** The same with Chronicle's memory. */
    @JCStressTest
    @Outcome(
            id = {"0, 0, 0", "7, 8, 9"},
            expect = ACCEPTABLE,
            desc = "no entry, or the whole of it")
    @Outcome(expect = FORBIDDEN, desc = "an entry below the size is seen as zero or in part")
    @State
    public static class ChronicleAppend {
        private final IndexMemory memory = beforeANewChunk(CHRONICLE);

        /** Adds. */
        @Actor
        public void writer() {
            add(memory, 7, 8, 9);
        }

        /** Looks. */
        @Actor
        public void reader(JJJ_Result seen) {
            readNewest(memory, seen);
        }

        /** Frees. */
        @Arbiter
        public void free(JJJ_Result seen) {
            memory.release();
        }
    }

    /** The owner gives the memory back while a reader comes. */
    @JCStressTest
    @Outcome(
            id = {"-1, 0", "8, 0"},
            expect = ACCEPTABLE,
            desc = "too late, or read; and freed in the end")
    @Outcome(expect = FORBIDDEN, desc = "freed memory was read, or the memory is never freed")
    @State
    public static class JdkFree {
        private final IndexMemory memory = withOneEntry(JDK);

        /** Gives it back. */
        @Actor
        public void owner() {
            memory.release();
        }

        /** Reads. */
        @Actor
        public void reader(JJ_Result seen) {
            readWhileItLives(memory, seen);
        }

        /** When both are done. */
        @Arbiter
        public void look(JJ_Result seen) {
            seen.r2 = memory.memoryBytes();
        }
    }

    /** The same with Chronicle's memory. */
    @JCStressTest
    @Outcome(
            id = {"-1, 0", "8, 0"},
            expect = ACCEPTABLE,
            desc = "too late, or read; and freed in the end")
    @Outcome(expect = FORBIDDEN, desc = "freed memory was read, or the memory is never freed")
    @State
    public static class ChronicleFree {
        private final IndexMemory memory = withOneEntry(CHRONICLE);

        /** Gives it back. */
        @Actor
        public void owner() {
            memory.release();
        }

        /** Reads. */
        @Actor
        public void reader(JJ_Result seen) {
            readWhileItLives(memory, seen);
        }

        /** When both are done. */
        @Arbiter
        public void look(JJ_Result seen) {
            seen.r2 = memory.memoryBytes();
        }
    }
}
