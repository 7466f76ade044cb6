package dev.tidemark.cli;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.ReadOptions;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import picocli.CommandLine.Option;

/** What {@code fetch} and {@code tail} read, and how they print an entry: the value on a line, or more. */
final class RecordPrinter {
    private static final byte[] TAB = {'\t'};

    @Option(
            names = "--unproven",
            description =
                    "Print also what lies above the last proof that it is durable: a crash may still take it away.")
    private boolean isUnprovenShown;

    @Option(names = "--with-offsets", description = "Print the offset and a tab before each value.")
    private boolean hasOffsets;

    @Option(
            names = "--key-separator",
            paramLabel = "TEXT",
            description = "Print the key, if there is one, and this text before each value.")
    private Optional<String> keySeparator = Optional.empty();

    @Option(
            names = "--json",
            description =
                    "Print one JSON object a line. Bytes that are not UTF-8 are given in base64, in fields named so.")
    private boolean isJson;

    /** A cursor that sees what is to be printed. */
    Cursor read(Partition partition, From from) {
        return partition.read(
                from, ReadOptions.DEFAULT.withVisibility(isUnprovenShown ? Durability.WRITTEN : Durability.SYNCED));
    }

    /** The end of what is to be printed. */
    long end(Ends ends) {
        return isUnprovenShown ? ends.written() : ends.readable();
    }

    /** Tells on standard error what is there and was not printed, so that nobody takes it for lost. */
    void noteUnproven(Ends ends, PartitionId partition, Console console) {
        long unproven = ends.written() - end(ends);
        if (unproven > 0) {
            console.err()
                    .println("wal: " + Quantity.count(unproven, "record")
                            + " above the last proof of durability not printed: partition=" + partition + " from="
                            + end(ends) + "; --unproven prints them, opening for writing makes them durable");
        }
    }

    /** Prints the entry that the cursor stands on. */
    void print(Cursor cursor, Output out) {
        if (isJson) {
            out.line(json(cursor));
            return;
        }
        if (hasOffsets) {
            out.bytes(Long.toString(cursor.offset()).getBytes(StandardCharsets.US_ASCII))
                    .bytes(TAB);
        }
        keySeparator.ifPresent(separator ->
                cursor.key().ifPresent(key -> out.bytes(key).bytes(separator.getBytes(StandardCharsets.UTF_8))));
        out.bytes(cursor.value()).newLine();
    }

    private static String json(Cursor cursor) {
        Json json = new Json()
                .put("offset", cursor.offset())
                .put("count", cursor.count())
                .put("kind", cursor.kind().name())
                .put("timestampMillis", cursor.timestampMillis());
        cursor.key().ifPresent(key -> putBytes(json, "key", key));
        putBytes(json, "value", cursor.value());
        putHeaders(json, cursor.headers());
        return json.toString();
    }

    /** The headers in their order, if there are any; a name may come more than once. */
    static void putHeaders(Json json, List<Header> headers) {
        if (!headers.isEmpty()) {
            json.putEach("headers", headers, item -> putHeader(item.json(), item.value()));
        }
    }

    private static void putHeader(Json json, Header header) {
        json.put("name", header.name());
        putBytes(json, "value", header.value());
    }

    /** Text as text, anything else in base64 under a name that says so: a reader never has to guess. */
    static void putBytes(Json json, String name, byte[] bytes) {
        try {
            json.put(
                    name,
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes))
                            .toString());
        } catch (CharacterCodingException notText) {
            json.put(name + "Base64", Base64.getEncoder().encodeToString(bytes));
        }
    }

    /** The next entry. What is on record as lost is told, and the entry behind it is the next. */
    boolean next(Cursor cursor, Console console) {
        return next(cursor::next, console);
    }

    /** Likewise, and waits for it. */
    boolean next(Cursor cursor, Duration patience, Console console) {
        return next(() -> cursor.next(patience), console);
    }

    private boolean next(BooleanSupplier step, Console console) {
        while (true) {
            try {
                return step.getAsBoolean();
            } catch (DamageException e) {
                if (e.code() != ErrorCode.RECORDS_LOST) {
                    throw e;
                }
                tellOfGap(e, console);
            }
        }
    }

    /** Among the records for a program; beside them for people. */
    private void tellOfGap(DamageException gap, Console console) {
        if (isJson) {
            console.out()
                    .line(new Json()
                            .put("kind", "GAP")
                            .put("offset", gap.damage().firstOffset())
                            .put("endOffset", gap.damage().endOffset())
                            .toString());
        } else {
            console.err().println("wal: " + gap.getMessage());
        }
    }
}
