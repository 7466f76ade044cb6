package dev.tidemark.server.status;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Which partitions are to be listed, and how.
 *
 * @param text part of the name, in small letters
 * @param isDescending the greatest first
 * @param offset how many to leave out
 * @param limit how many to list at most
 */
record PartitionQuery(String text, Show show, Sort sort, boolean isDescending, int offset, int limit) {
    static final int MAX_LIMIT = 200;
    private static final int DEFAULT_LIMIT = 50;
    private static final int MAX_TEXT = 200;

    /** Those of a kind. */
    enum Show {
        ALL,
        /** Stopped, refused, or not taking appends. */
        FAILED,
        /** With records since the survey before. */
        BUSY,
        /** With a checkpoint behind the end. */
        LAGGING;

        boolean has(Survey.Row row) {
            return switch (this) {
                case ALL -> true;
                case FAILED -> row.needsCare();
                case BUSY -> row.recordsPerSecond() > 0;
                case LAGGING -> row.lag() > 0;
            };
        }
    }

    /** What to sort by; where that is equal, by name. */
    enum Sort {
        NAME,
        STATE,
        START,
        DURABLE,
        RATE,
        SEGMENTS,
        BYTES,
        LAG;

        private Comparator<Survey.Row> order() {
            return switch (this) {
                case NAME -> Comparator.comparing(Survey.Row::id);
                case STATE -> Comparator.comparing(Survey.Row::needsCare);
                case START -> Comparator.comparingLong(row -> row.ends().start());
                case DURABLE -> Comparator.comparingLong(row -> row.ends().durable());
                case RATE ->
                    Comparator.comparingDouble(
                            row -> Double.isNaN(row.recordsPerSecond()) ? -1 : row.recordsPerSecond());
                case SEGMENTS -> Comparator.comparingInt(Survey.Row::segments);
                case BYTES -> Comparator.comparingLong(Survey.Row::bytes);
                case LAG -> Comparator.comparingLong(row -> row.slowest().isPresent() ? row.lag() : -1);
            };
        }
    }

    /** A part of what was found. */
    record Page(int found, List<Survey.Row> rows) {}

    /** Thrown for a question that makes no sense; the message says which part of it. */
    static final class BadQuestionException extends Exception {
        private static final long serialVersionUID = 1;

        BadQuestionException(String message) {
            super(message);
        }
    }

    static PartitionQuery parse(Map<String, String> parameters) throws BadQuestionException {
        String text = parameters.getOrDefault("q", "");
        if (text.length() > MAX_TEXT) {
            throw new BadQuestionException("q has more than " + MAX_TEXT + " characters");
        }
        return new PartitionQuery(
                text.toLowerCase(Locale.ROOT),
                constant(Show.class, "show", parameters.getOrDefault("show", "all")),
                constant(Sort.class, "sort", parameters.getOrDefault("sort", "name")),
                parameters.getOrDefault("order", "asc").equals("desc"),
                number(parameters, "offset", 0, 0, Integer.MAX_VALUE),
                number(parameters, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT));
    }

    private static <E extends Enum<E>> E constant(Class<E> kind, String name, String value)
            throws BadQuestionException {
        for (E each : kind.getEnumConstants()) {
            if (each.name().toLowerCase(Locale.ROOT).equals(value)) {
                return each;
            }
        }
        throw new BadQuestionException(name + " is none of "
                + List.of(kind.getEnumConstants()).toString().toLowerCase(Locale.ROOT));
    }

    private static int number(Map<String, String> parameters, String name, int otherwise, int lowest, int highest)
            throws BadQuestionException {
        String given = parameters.get(name);
        if (given == null) {
            return otherwise;
        }
        try {
            int value = Integer.parseInt(given);
            if (value >= lowest && value <= highest) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new BadQuestionException(name + " is no number");
        }
        throw new BadQuestionException(name + " must be " + lowest + " to " + highest);
    }

    /** The page that is asked for. */
    Page of(Survey survey) {
        List<Survey.Row> found = new ArrayList<>();
        for (Survey.Row row : survey.rows()) {
            if (show.has(row)
                    && (text.isEmpty() || row.name().toLowerCase(Locale.ROOT).contains(text))) {
                found.add(row);
            }
        }
        Comparator<Survey.Row> order = isDescending ? sort.order().reversed() : sort.order();
        found.sort(order.thenComparing(Survey.Row::id));
        int from = Math.min(offset, found.size());
        return new Page(found.size(), List.copyOf(found.subList(from, Math.min(found.size(), from + limit))));
    }
}
