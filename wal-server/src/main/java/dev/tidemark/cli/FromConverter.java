package dev.tidemark.cli;

import dev.tidemark.wal.api.From;
import java.time.DateTimeException;
import java.time.Instant;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads where to begin: {@code start}, {@code end}, an offset, or {@code timestamp:} and a time. */
final class FromConverter implements ITypeConverter<From> {
    private static final String TIMESTAMP = "timestamp:";

    @Override
    public From convert(String text) {
        if (text.equals("start")) {
            return From.start();
        }
        if (text.equals("end")) {
            return From.end();
        }
        try {
            if (text.startsWith(TIMESTAMP)) {
                return From.timestamp(millis(text.substring(TIMESTAMP.length())));
            }
            long offset = Long.parseLong(text);
            if (offset >= 0) {
                return From.offset(offset);
            }
        } catch (NumberFormatException | DateTimeException | ArithmeticException e) {
            throw new TypeConversionException(problem(text));
        }
        throw new TypeConversionException(problem(text));
    }

    /** Milliseconds since 1970, or a time as ISO 8601 prints it. */
    private static long millis(String time) {
        boolean isNumber = !time.isEmpty() && time.chars().allMatch(c -> c >= '0' && c <= '9');
        return isNumber ? Long.parseLong(time) : Instant.parse(time).toEpochMilli();
    }

    private static String problem(String text) {
        return "'" + text + "' is none of start, end, an offset, timestamp:MILLIS, timestamp:2026-01-31T12:00:00Z";
    }
}
