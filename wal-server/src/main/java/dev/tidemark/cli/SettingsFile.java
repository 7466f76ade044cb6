package dev.tidemark.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A file of lines {@code key = value}. What begins with {@code #} is a comment, an empty line is nothing, and there is no more to it: no quotes, no escapes.
 *
 * @param path where it is
 * @param entries by key, in the order of the file
 */
record SettingsFile(Path path, Map<String, Entry> entries) {
    private static final int MAX_BYTES = 1 << 20;

    /** A value, and the number of its line. */
    record Entry(String value, int line) {}

    /** Reads it; what is wrong with it goes to the problems. */
    static SettingsFile read(Path path, List<String> problems) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        int number = 0;
        for (String line : lines(path, problems)) {
            number++;
            String text = line.strip();
            if (text.isEmpty() || text.startsWith("#")) {
                continue;
            }
            int equals = text.indexOf('=');
            String key = equals < 0 ? "" : text.substring(0, equals).strip();
            if (key.isEmpty()) {
                problems.add(path + ":" + number + ": this is no line 'key = value'");
            } else if (entries.putIfAbsent(
                            key, new Entry(text.substring(equals + 1).strip(), number))
                    != null) {
                problems.add(path + ":" + number + ": " + key + " is there twice");
            }
        }
        return new SettingsFile(path, entries);
    }

    private static List<String> lines(Path path, List<String> problems) {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                problems.add("config: the file is too large: file=" + path + " limit=" + MAX_BYTES);
                return List.of();
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString()
                    .lines()
                    .toList();
        } catch (NoSuchFileException e) {
            problems.add("config: no such file: " + path);
        } catch (CharacterCodingException e) {
            problems.add("config: the file is not UTF-8: " + path);
        } catch (IOException e) {
            problems.add("config: the file cannot be read: " + path + " (" + e.getMessage() + ')');
        }
        return List.of();
    }
}
