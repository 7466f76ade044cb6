package dev.tidemark.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.WalException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What the contract tests share: one source for all tests of a class, and a partition for each test. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class PartitionContract {
    /** No test waits so long unless something is broken. */
    static final Duration PATIENCE = Duration.ofSeconds(90);

    private PartitionSource source;
    private int number;

    /** Opens a source whose store is in this directory, which is empty. */
    abstract PartitionSource open(Path directory);

    @BeforeAll
    void openSource(@TempDir Path directory) {
        source = open(directory);
    }

    @AfterAll
    void closeSource() {
        source.close();
    }

    PartitionSource source() {
        return source;
    }

    /** One that no other test has used. */
    Partition fresh() {
        return source.partition("fresh", number++);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** What can be read now, each entry as {@code offset=value}. */
    static List<String> read(Partition partition, From from) {
        try (Cursor cursor = partition.read(from)) {
            return rest(cursor);
        }
    }

    static List<String> rest(Cursor cursor) {
        List<String> entries = new ArrayList<>();
        while (cursor.next()) {
            entries.add(cursor.offset() + "=" + text(cursor.value()));
        }
        return entries;
    }

    static <T> T await(CompletableFuture<T> future) throws Exception {
        return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Appends, one after the other. */
    static void appendAll(Partition partition, String... values) {
        for (String value : values) {
            partition.append(bytes(value));
        }
    }

    static <E extends WalException> E assertFails(Class<E> family, ErrorCode code, ThrowingCallable call) {
        E failure = catchThrowableOfType(family, call);
        assertThat(failure).as("%s %s", family.getSimpleName(), code).isNotNull();
        assertThat(failure.code()).isEqualTo(code);
        assertThat(failure).hasMessageStartingWith(code + " ");
        return failure;
    }

    /** As {@link #assertFails}, whether the call throws or its future fails. */
    static <E extends WalException> E assertFutureFails(
            Class<E> family, ErrorCode code, java.util.concurrent.Callable<CompletableFuture<?>> call) {
        return assertFails(family, code, () -> {
            try {
                var unused = call.call()
                        .orTimeout(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                        .join();
            } catch (CompletionException e) {
                throw e.getCause();
            }
        });
    }
}
