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

/**
 * A unified diff. It is applied only where every line of its context stands as it did when the diff was made, and at one place
 * only: where that place lies in the file does not matter, so that a change elsewhere does not break it.
 *
 * @param head the lines before the diff
 * @param files what is changed in each file, by its path below the root of the project
 */
record Patch(List<String> head, Map<String, List<Hunk>> files) {
    private static final Pattern HUNK = Pattern.compile("@@ -(\\d+)(?:,(\\d+))? \\+(\\d+)(?:,(\\d+))? @@.*");
    private static final String OLD_FILE = "--- a/";
    private static final String NEW_FILE = "+++ b/";

    /** The patch is not a diff as we write them, or does not fit the sources. */
    static final class Misfit extends Exception {
        private static final long serialVersionUID = 1L;

        Misfit(String what) {
            super(what);
        }
    }

    /**
     * Lines that take the place of others.
     *
     * @param line the line of the file where it began, counted from 1
     */
    record Hunk(int line, List<String> before, List<String> after) {

        private List<String> applyTo(List<String> lines, String file) throws Misfit {
            int at = place(lines, file);
            List<String> changed = new ArrayList<>(lines.subList(0, at));
            changed.addAll(after);
            changed.addAll(lines.subList(at + before.size(), lines.size()));
            return changed;
        }

        private int place(List<String> lines, String file) throws Misfit {
            List<Integer> places = new ArrayList<>();
            for (int at = 0; at + before.size() <= lines.size(); at++) {
                if (lines.subList(at, at + before.size()).equals(before)) {
                    places.add(at);
                }
            }
            if (places.contains(line - 1)) {
                return line - 1;
            }
            if (places.size() != 1) {
                throw new Misfit("the lines that began at " + file + ":" + line + " stand there "
                        + (places.isEmpty() ? "no longer" : places.size() + " times") + ":\n  "
                        + String.join("\n  ", before));
            }
            return places.get(0);
        }
    }

    static Patch read(Path file) throws IOException, Misfit {
        return parse(Files.readAllLines(file));
    }

    static Patch parse(List<String> lines) throws Misfit {
        int next = 0;
        List<String> head = new ArrayList<>();
        while (next < lines.size() && !lines.get(next).startsWith(OLD_FILE)) {
            head.add(lines.get(next++));
        }
        Map<String, List<Hunk>> files = new LinkedHashMap<>();
        while (next < lines.size()) {
            String path = fileNamed(lines, next);
            next += 2;
            List<Hunk> hunks = new ArrayList<>();
            while (next < lines.size() && !lines.get(next).startsWith(OLD_FILE)) {
                next = hunk(lines, next, hunks);
            }
            if (hunks.isEmpty() || files.put(path, hunks) != null) {
                throw new Misfit("nothing is changed in this file, or it comes twice: " + path);
            }
        }
        if (files.isEmpty()) {
            throw new Misfit("no file is changed");
        }
        return new Patch(head, files);
    }

    private static String fileNamed(List<String> lines, int at) throws Misfit {
        String path = lines.get(at).substring(OLD_FILE.length());
        if (at + 1 == lines.size() || !lines.get(at + 1).equals(NEW_FILE + path)) {
            throw new Misfit("line " + (at + 2) + " should be: " + NEW_FILE + path);
        }
        return path;
    }

    /** Reads one hunk, whose header must say how many lines it has; returns where the next begins. */
    private static int hunk(List<String> lines, int at, List<Hunk> into) throws Misfit {
        Matcher header = HUNK.matcher(lines.get(at));
        if (!header.matches()) {
            throw new Misfit("line " + (at + 1) + " is no header of a hunk: " + lines.get(at));
        }
        int beforeCount = count(header.group(2));
        int afterCount = count(header.group(4));
        List<String> before = new ArrayList<>();
        List<String> after = new ArrayList<>();
        int next = at + 1;
        while (before.size() < beforeCount || after.size() < afterCount) {
            if (next == lines.size()) {
                throw new Misfit("the hunk of line " + (at + 1) + " is shorter than its header says");
            }
            String line = lines.get(next++);
            char kind = line.isEmpty() ? ' ' : line.charAt(0);
            String text = line.isEmpty() ? "" : line.substring(1);
            if (kind != ' ' && kind != '-' && kind != '+') {
                throw new Misfit("line " + next + " belongs to no hunk: " + line);
            }
            if (kind != '+') {
                before.add(text);
            }
            if (kind != '-') {
                after.add(text);
            }
        }
        if (before.size() != beforeCount || after.size() != afterCount || before.equals(after)) {
            throw new Misfit("the hunk of line " + (at + 1) + " has other lines than its header says, or changes none");
        }
        into.add(new Hunk(Integer.parseInt(header.group(1)), before, after));
        return next;
    }

    private static int count(String digits) {
        return digits == null ? 1 : Integer.parseInt(digits);
    }

    /** The changed files, by their paths; nothing is written. */
    Map<String, String> applyBelow(Path root) throws IOException, Misfit {
        Map<String, String> changed = new LinkedHashMap<>();
        for (Map.Entry<String, List<Hunk>> file : files.entrySet()) {
            Path path = root.resolve(file.getKey());
            if (!Files.isRegularFile(path)) {
                throw new Misfit("there is no such file any more: " + file.getKey());
            }
            List<String> lines = Files.readAllLines(path);
            for (Hunk hunk : file.getValue()) {
                lines = hunk.applyTo(lines, file.getKey());
            }
            changed.put(file.getKey(), String.join("\n", lines) + "\n");
        }
        return changed;
    }
}
