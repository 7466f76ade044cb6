package dev.tidemark.mutant;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * An engine from which one right thing was taken away, as a patch whose head says what, and which part of the harness notices.
 *
 * @param removed the right thing that is missing, in a sentence
 * @param breaks the promises that it breaks
 * @param caughtBy what catches it, the quickest first
 * @param fails promise tests that fail against it
 */
record Mutant(
        String name, String removed, List<String> breaks, List<Attempt> caughtBy, List<String> fails, Patch patch) {

    static final Path DIRECTORY = Path.of("src", "test", "mutants");
    private static final String SUFFIX = ".patch";
    private static final Pattern KEY = Pattern.compile("(Removed|Breaks|Caught by|Fails): (.*)");

    /** A part of the harness, and which of its cases. */
    record Attempt(Part part, String what) {

        private static Attempt parse(String text) {
            int colon = text.indexOf(':');
            return colon < 0
                    ? new Attempt(Part.of(text), "")
                    : new Attempt(
                            Part.of(text.substring(0, colon)),
                            text.substring(colon + 1).strip());
        }

        @Override
        public String toString() {
            return what.isEmpty() ? part.words() : part.words() + ": " + what;
        }
    }

    /** All of them, by name. */
    static List<Mutant> all() throws IOException, Patch.Misfit {
        List<Path> files;
        try (Stream<Path> found = Files.list(DIRECTORY)) {
            files = found.filter(file -> file.toString().endsWith(SUFFIX))
                    .sorted()
                    .toList();
        }
        List<Mutant> mutants = new ArrayList<>();
        for (Path file : files) {
            mutants.add(read(file));
        }
        return mutants;
    }

    private static Mutant read(Path file) throws IOException, Patch.Misfit {
        String name = file.getFileName().toString();
        Patch patch;
        try {
            patch = Patch.read(file);
        } catch (Patch.Misfit e) {
            throw new Patch.Misfit(name + ": " + e.getMessage());
        }
        Map<String, String> head = head(name, patch.head());
        return new Mutant(
                name.substring(0, name.length() - SUFFIX.length()),
                head.get("Removed"),
                list(head.get("Breaks")),
                Stream.of(head.get("Caught by").split(";"))
                        .map(String::strip)
                        .map(Attempt::parse)
                        .toList(),
                list(head.getOrDefault("Fails", "")),
                patch);
    }

    /** What stands behind each key; a line without one goes on with the line before. */
    private static Map<String, String> head(String name, List<String> lines) throws Patch.Misfit {
        Map<String, String> head = new LinkedHashMap<>();
        String key = null;
        for (String line : lines) {
            Matcher begin = KEY.matcher(line);
            if (begin.matches()) {
                key = begin.group(1);
                head.put(key, begin.group(2).strip());
            } else if (key != null && !line.isBlank()) {
                head.merge(key, line.strip(), (before, more) -> before + " " + more);
            } else if (!line.isBlank()) {
                throw new Patch.Misfit(name + ": the head begins with no key: " + line);
            }
        }
        for (String needed : List.of("Removed", "Breaks", "Caught by")) {
            if (!head.containsKey(needed)) {
                throw new Patch.Misfit(name + ": the head does not say: " + needed);
            }
        }
        return head;
    }

    private static List<String> list(String text) {
        return Stream.of(text.split(","))
                .map(String::strip)
                .filter(item -> !item.isEmpty())
                .toList();
    }
}
