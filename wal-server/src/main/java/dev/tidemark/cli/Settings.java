package dev.tidemark.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.ITypeInfo;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * The options of a command, also from the environment and from a file: a flag counts more than a variable, a variable more than the file, the file more than the default. The key of an option is its name without
 * hyphens before it, its variable that in capitals: {@code --http-port}, {@code http-port}, {@code TIDEMARK_HTTP_PORT}. So whatever becomes an option can be set in each of these ways.
 *
 * <p><b>Threads.</b> The one of the command.
 */
final class Settings {
    static final String PREFIX = "TIDEMARK_";

    /** Variables of this name belong to the tests and to the launcher. */
    private static final List<String> OTHERS = List.of("TIDEMARK_CI");

    private static final String CONFIG = "config";

    private final ParseResult given;
    private final Map<String, String> environment;
    private final Map<String, OptionSpec> options = new TreeMap<>();
    private final Map<String, String> defaults = new TreeMap<>();

    /**
     * One option.
     *
     * @param value as it is written; empty where there is none
     * @param source where that comes from
     * @param path against what a path in it is resolved
     */
    record Setting(String key, String value, String source, Optional<Path> path) {
        boolean isDefault() {
            return source.equals("default");
        }
    }

    /** All options, and all that is wrong with them. */
    record Read(Map<String, Setting> settings, List<String> problems) {
        /** Which have another value there. */
        List<String> changed(Read later) {
            return settings.keySet().stream()
                    .filter(key -> !value(key).equals(later.value(key)))
                    .map(key -> key + " (" + value(key) + " to " + later.value(key) + ')')
                    .toList();
        }

        boolean isDefault(String key) {
            Setting setting = settings.get(key);
            return setting == null || setting.isDefault();
        }

        /** That one alone. */
        Read only(String key) {
            Setting setting = settings.get(key);
            return new Read(setting == null ? Map.of() : Map.of(key, setting), List.of());
        }

        /** With these in the place of what was. */
        Read with(Read other) {
            Map<String, Setting> all = new TreeMap<>(settings);
            all.putAll(other.settings);
            return new Read(all, problems);
        }

        String value(String key) {
            Setting setting = settings.get(key);
            return setting == null ? "" : setting.value;
        }
    }

    /** Of a command that was parsed, before anything is set. */
    Settings(ParseResult given, Map<String, String> environment) {
        this.given = given;
        this.environment = environment;
        for (OptionSpec option : given.commandSpec().options()) {
            if (isSetting(option)) {
                options.put(key(option), option);
                defaults.put(key(option), text(option.initialValue()));
            }
        }
    }

    /** What asks for something else than to run is no setting, nor is what all commands have. */
    private static boolean isSetting(OptionSpec option) {
        return !option.usageHelp()
                && !option.versionHelp()
                && !option.inherited()
                && !option.hidden()
                && !key(option).equals("print-config");
    }

    static String key(OptionSpec option) {
        return option.longestName().replaceFirst("^-+", "");
    }

    static String variable(String key) {
        return PREFIX + key.toUpperCase(Locale.ROOT).replace('-', '_');
    }

    /** Everything that can be set in a file. */
    List<String> keys() {
        return options.keySet().stream().filter(key -> !key.equals(CONFIG)).toList();
    }

    private static String text(@Nullable Object value) {
        if (value instanceof Optional<?> optional) {
            return optional.map(Object::toString).orElse("");
        }
        return value == null ? "" : value.toString();
    }

    // ---------------------------------------------------------------- reading

    /** Reads variables and file anew. Sets nothing. */
    Read read() {
        List<String> problems = new ArrayList<>();
        Map<String, Setting> settings = new TreeMap<>();
        unknownVariables(problems);
        Setting config = setting(CONFIG, Optional.empty());
        Optional<SettingsFile> file = config.value().isEmpty()
                ? Optional.empty()
                : Optional.of(SettingsFile.read(Path.of(config.value()), problems));
        file.ifPresent(found -> unknownKeys(found, problems));
        for (Map.Entry<String, OptionSpec> each : options.entrySet()) {
            Setting setting = setting(each.getKey(), file);
            settings.put(each.getKey(), setting);
            if (!setting.isDefault() && !setting.source().equals("flag")) {
                try {
                    var unused = converted(each.getValue(), setting);
                } catch (IllegalArgumentException | DateTimeParseException e) {
                    problems.add(setting.source() + ": " + setting.key() + "=" + setting.value() + " is no "
                            + kind(each.getValue()));
                }
            }
            missingFile(each.getValue(), setting, problems);
        }
        return new Read(settings, problems);
    }

    private Setting setting(String key, Optional<SettingsFile> file) {
        OptionSpec option = options.get(key);
        if (option != null && given.hasMatchedOption(option)) {
            // What a flag without a value says is that it is there.
            String value = option.originalStringValues().isEmpty()
                    ? "true"
                    : option.originalStringValues().get(0);
            return new Setting(key, value.isEmpty() ? "true" : value, "flag", Optional.empty());
        }
        String variable = environment.get(variable(key));
        if (variable != null && !variable.isBlank()) {
            return new Setting(key, variable.strip(), variable(key), Optional.empty());
        }
        SettingsFile.Entry entry = file.map(found -> found.entries().get(key)).orElse(null);
        if (entry != null && !key.equals(CONFIG)) {
            Path path = file.orElseThrow().path();
            return new Setting(key, entry.value(), path + ":" + entry.line(), Optional.of(path));
        }
        return new Setting(key, defaults.getOrDefault(key, ""), "default", Optional.empty());
    }

    private void unknownKeys(SettingsFile file, List<String> problems) {
        file.entries().forEach((key, entry) -> {
            if (!keys().contains(key)) {
                problems.add(file.path() + ":" + entry.line() + ": there is no " + key + meant(key));
            }
        });
    }

    private String meant(String key) {
        List<String> near = NearNames.of(key, keys());
        return near.isEmpty() ? "" : ", did you mean " + near.get(0) + '?';
    }

    /** Others may use the prefix, such as those who start containers: only what looks like one of ours is told. */
    private void unknownVariables(List<String> problems) {
        for (String name : environment.keySet().stream().sorted().toList()) {
            if (!name.startsWith(PREFIX) || OTHERS.contains(name)) {
                continue;
            }
            String key =
                    name.substring(PREFIX.length()).toLowerCase(Locale.ROOT).replace('_', '-');
            if (!options.containsKey(key) && !NearNames.of(key, keys()).isEmpty()) {
                problems.add("environment: there is no " + name + ", did you mean "
                        + variable(NearNames.of(key, keys()).get(0)) + '?');
            }
        }
    }

    private static void missingFile(OptionSpec option, Setting setting, List<String> problems) {
        if (!option.paramLabel().equals("FILE")
                || setting.value().isEmpty()
                || key(option).equals(CONFIG)) {
            return;
        }
        Path file = resolved(setting);
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            problems.add(setting.source() + ": " + setting.key() + " cannot be read: file=" + file);
        }
    }

    // ---------------------------------------------------------------- values

    /** Sets what does not come from a flag, which is set already. What cannot be set is among the problems. */
    void set(Read read) {
        for (Setting setting : read.settings.values()) {
            OptionSpec option = options.get(setting.key());
            if (option == null
                    || setting.source().equals("flag")
                    || setting.value().isEmpty()) {
                continue;
            }
            try {
                Object value = converted(option, setting);
                var unused = option.setValue(option.typeInfo().isOptional() ? Optional.of(value) : value);
            } catch (IllegalArgumentException | DateTimeParseException e) {
                assert !read.problems.isEmpty() : setting.key();
            }
        }
    }

    private static Class<?> type(OptionSpec option) {
        ITypeInfo info = option.typeInfo();
        return info.isOptional() ? info.getAuxiliaryTypeInfos().get(0).getType() : info.getType();
    }

    private static String kind(OptionSpec option) {
        Class<?> type = type(option);
        if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        }
        return type == Duration.class
                ? "time, such as PT10S"
                : type.isEnum() ? List.of(type.getEnumConstants()).toString() : "number";
    }

    /** A path in a file begins where the file is. */
    private static Path resolved(Setting setting) {
        Path value = Path.of(setting.value());
        return setting.path()
                .map(file -> file.toAbsolutePath().resolveSibling(value))
                .orElse(value);
    }

    private static Object converted(OptionSpec option, Setting setting) {
        Class<?> type = type(option);
        String text = setting.value();
        if (type == Path.class) {
            return resolved(setting);
        } else if (type == String.class) {
            return text;
        } else if (type == int.class || type == Integer.class) {
            return Integer.valueOf(text);
        } else if (type == long.class || type == Long.class) {
            return Long.valueOf(text);
        } else if (type == Duration.class) {
            return Duration.parse(text);
        } else if (type == boolean.class || type == Boolean.class) {
            if (!text.equals("true") && !text.equals("false")) {
                throw new IllegalArgumentException(text);
            }
            return Boolean.valueOf(text);
        } else if (type.isEnum()) {
            for (Object constant : type.getEnumConstants()) {
                if (constant.toString().equalsIgnoreCase(text)) {
                    return constant;
                }
            }
            throw new IllegalArgumentException(text);
        }
        throw new IllegalStateException(
                "an option of a kind that no file can have: " + setting.key() + " is a " + type);
    }

    // ---------------------------------------------------------------- printing

    /** Each with its value and where that comes from, as a file that could be used; what is a default is a comment. */
    List<String> lines(Read read) {
        List<String> lines = new ArrayList<>();
        for (Setting setting : read.settings.values()) {
            boolean isComment = setting.isDefault() || setting.key().equals(CONFIG);
            String value = setting.isDefault()
                            || type(Optional.ofNullable(options.get(setting.key()))
                                            .orElseThrow())
                                    != Path.class
                    ? setting.value()
                    : resolved(setting).toString();
            lines.add(String.format(
                    "%-60s # %s", (isComment ? "#" : "") + setting.key() + " = " + value, setting.source()));
        }
        return lines;
    }
}
