package dev.tidemark.wal;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;

/**
 * What the packages of the core may use. Each rule is made for a root package, so that the same rule that reads our
 * code also reads {@code dev.tidemark.planted}, where a class breaks it on purpose: a rule that could not fail would
 * look just like a rule that holds.
 */
enum LayerRule {
    DEPENDENCIES_GO_UP("segment.UsesThePartition") {
        @Override
        ArchRule in(String root) {
            return classes()
                    .that()
                    .resideInAPackage(root + "..")
                    .should(useOnlyLayersAbove(root))
                    .because("a reader can stop at a layer and still be right");
        }
    },
    EVERY_CLASS_IS_IN_A_LAYER("stray.HasNoLayer") {
        @Override
        ArchRule in(String root) {
            return classes()
                    .that()
                    .resideInAPackage(root + "..")
                    .should()
                    .resideInAnyPackage(LAYERS.stream()
                            .map(layer -> layer.isEmpty() ? root : root + "." + layer + "..")
                            .toArray(String[]::new))
                    .because("a new package needs its place in the order, here and in docs/architecture.md");
        }
    },
    EVERY_PACKAGE_IS_NULL_MARKED("stray.HasNoLayer") {
        @Override
        ArchRule in(String root) {
            return classes()
                    .that()
                    .resideInAPackage(root + "..")
                    .should(beInANullMarkedPackage())
                    .because("NullAway checks only what says so");
        }
    },
    NETTY_BUFFERS_ONLY_WHERE_BYTES_TRAVEL("format.UsesNettyBuffers") {
        @Override
        ArchRule in(String root) {
            return noClasses()
                    .that()
                    .resideOutsideOfPackages(
                            root + ".api..",
                            root + ".segment..",
                            root + ".partition..",
                            root + ".engine..",
                            root + ".metrics..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("io.netty..");
        }
    },
    NOTHING_OF_NETTY_BUT_BUFFERS("partition.UsesNettyInternals") {
        @Override
        ArchRule in(String root) {
            return noClasses()
                    .should()
                    .dependOnClassesThat(inPackageButNot("io.netty", "io.netty.buffer"))
                    .because("the core needs pooled memory, not a network");
        }
    },
    API_TAKES_BYTE_BUF_AND_GIVES_NONE("api.GivesAByteBuf") {
        @Override
        ArchRule in(String root) {
            return classes()
                    .that()
                    .resideInAPackage(root + ".api..")
                    .should(useNettyOnlyForParameters())
                    .because("whoever is handed a reference-counted buffer must release it; our API hands out none");
        }
    },
    CHRONICLE_ONLY_IN_BYTES("segment.UsesChronicle") {
        @Override
        ArchRule in(String root) {
            return noClasses()
                    .that()
                    .resideOutsideOfPackage(root + ".bytes..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("net.openhft..")
                    .because("it stops working with --sun-misc-unsafe-memory-access=deny, and must be replaceable");
        }
    },
    NO_MAPPED_FILES("io.MapsAFile") {
        @Override
        ArchRule in(String root) {
            return noClasses()
                    .should()
                    .dependOnClassesThat(named("java.nio.MappedByteBuffer", "java.nio.channels.FileChannel$MapMode"))
                    .because("a full disk under a mapping is a signal, not an exception");
        }
    },
    FILES_ONLY_IN_IO("partition.OpensAFile") {
        @Override
        ArchRule in(String root) {
            return noClasses()
                    .that()
                    .resideOutsideOfPackage(root + ".io..")
                    .should()
                    .dependOnClassesThat(named(
                            "java.nio.channels.FileChannel",
                            "java.nio.channels.AsynchronousFileChannel",
                            "java.nio.channels.FileLock",
                            "java.nio.file.Files",
                            "java.io.File",
                            "java.io.FileInputStream",
                            "java.io.FileOutputStream",
                            "java.io.FileReader",
                            "java.io.FileWriter",
                            "java.io.RandomAccessFile"))
                    .because("what does not go through Disk, the simulated disk cannot refuse, tear or lose");
        }
    },
    TIME_ONLY_FROM_THE_ENVIRONMENT("partition.ReadsTheClock") {
        @Override
        ArchRule in(String root) {
            return outsideIo(
                    root,
                    "the time, or waits for it",
                    access -> access.calls(System.class, "currentTimeMillis", "nanoTime")
                            || access.calls(Thread.class, "sleep", "onSpinWait")
                            || access.calls(
                                    CompletableFuture.class, "orTimeout", "completeOnTimeout", "delayedExecutor")
                            || access.ownerMatches("java\\.util\\.Timer")
                            || access.ownerMatches("java\\.time\\..*") && access.nameMatches("now|system.*|tick.*"));
        }
    },
    RANDOMNESS_ONLY_FROM_THE_ENVIRONMENT("engine.ThrowsDice") {
        @Override
        ArchRule in(String root) {
            return outsideIo(
                    root,
                    "randomness of its own",
                    access -> access.ownerMatches(
                                    "java\\.util\\.(Random|SplittableRandom|concurrent\\.ThreadLocalRandom)")
                            || access.ownerMatches("java\\.security\\.SecureRandom")
                            || access.ownerMatches("java\\.util\\.random\\.RandomGenerator(Factory)?")
                                    && access.nameMatches("of|getDefault|create|all")
                            || access.calls(UUID.class, "randomUUID")
                            || access.calls(Math.class, "random"));
        }
    },
    SETTINGS_ONLY_FROM_THE_CONFIGURATION("engine.ReadsASystemProperty") {
        @Override
        ArchRule in(String root) {
            return outsideIo(
                    root,
                    "a system property or environment variable",
                    access -> access.calls(System.class, "getProperty", "getProperties", "getenv")
                            || access.calls(Integer.class, "getInteger")
                            || access.calls(Long.class, "getLong")
                            || access.calls(Boolean.class, "getBoolean"));
        }
    },
    THREADS_ONLY_FROM_THE_ENVIRONMENT("engine.StartsAThread") {
        @Override
        ArchRule in(String root) {
            return outsideIo(
                    root,
                    "a thread nobody counts",
                    access -> access.makes(Thread.class)
                            || access.ownerMatches("java\\.util\\.concurrent\\.ForkJoinPool")
                            || (access.calls(Executors.class, ".*") || access.makes(ThreadPoolExecutor.class))
                                    && !access.takes(ThreadFactory.class)
                            || access.calls(CompletableFuture.class, ".*Async") && !access.takes(Executor.class));
        }
    },
    OUTPUT_ONLY_THROUGH_SLF4J("metrics.PrintsALine") {
        @Override
        ArchRule in(String root) {
            return noClasses()
                    .should()
                    .accessTargetWhere(where(
                            "prints",
                            access ->
                                    access.calls(System.class, "out", "err") || access.nameMatches("printStackTrace")))
                    .orShould()
                    .dependOnClassesThat()
                    .resideInAPackage("java.util.logging..");
        }
    };

    /**
     * From the top: a package may use those before it, and itself. {@code bytes} is the codec of small metadata and
     * the memory of the index; the empty name is the root package, the door.
     */
    static final List<String> LAYERS =
            List.of("api", "io", "bytes", "format", "segment", "metrics", "partition", "engine", "");

    private final String offender;

    LayerRule(String offender) {
        this.offender = offender;
    }

    /** The rule, for the packages below {@code root}. */
    abstract ArchRule in(String root);

    /** The class below {@code root} that breaks this rule on purpose. */
    String offenderIn(String root) {
        return root + "." + offender;
    }

    private static ArchRule outsideIo(String root, String what, AccessTest test) {
        return noClasses()
                .that()
                .resideOutsideOfPackage(root + ".io..")
                .should()
                .accessTargetWhere(where("takes " + what, test))
                .because("whatever can differ between two runs arrives through Environment");
    }

    private static ArchCondition<JavaClass> useOnlyLayersAbove(String root) {
        return new ArchCondition<>("use only layers above their own") {
            @Override
            public void check(JavaClass user, ConditionEvents events) {
                for (Dependency dependency : user.getDirectDependenciesFromSelf()) {
                    JavaClass used = dependency.getTargetClass().getBaseComponentType();
                    if (isBelow(used.getPackageName(), root)
                            && LAYERS.indexOf(layer(used, root)) > LAYERS.indexOf(layer(user, root))) {
                        events.add(SimpleConditionEvent.violated(dependency, dependency.getDescription()));
                    }
                }
            }
        };
    }

    private static String layer(JavaClass of, String root) {
        return of.getPackageName().equals(root)
                ? ""
                : of.getPackageName().substring(root.length() + 1).replaceFirst("\\..*", "");
    }

    private static boolean isBelow(String packageName, String root) {
        return packageName.equals(root) || packageName.startsWith(root + ".");
    }

    private static ArchCondition<JavaClass> beInANullMarkedPackage() {
        return new ArchCondition<>("be in a package that says @NullMarked") {
            @Override
            public void check(JavaClass item, ConditionEvents events) {
                JavaPackage home = item.getPackage();
                if (!home.isAnnotatedWith(NullMarked.class)) {
                    events.add(SimpleConditionEvent.violated(
                            item, item.getName() + " is in " + home.getName() + ", which has no @NullMarked"));
                }
            }
        };
    }

    private static ArchCondition<JavaClass> useNettyOnlyForParameters() {
        return new ArchCondition<>("use ByteBuf for parameters, and nothing else of Netty") {
            @Override
            public void check(JavaClass item, ConditionEvents events) {
                item.getMethods().stream()
                        .filter(method -> isNetty(method.getRawReturnType()))
                        .forEach(method -> events.add(SimpleConditionEvent.violated(
                                method, method.getFullName() + " returns a type of Netty")));
                item.getFields().stream()
                        .filter(field -> isNetty(field.getRawType()))
                        .forEach(field -> events.add(
                                SimpleConditionEvent.violated(field, field.getFullName() + " holds a type of Netty")));
                item.getDirectDependenciesFromSelf().stream()
                        .filter(use -> isNetty(use.getTargetClass()))
                        .filter(use -> !use.getTargetClass().getName().equals("io.netty.buffer.ByteBuf"))
                        .forEach(use -> events.add(SimpleConditionEvent.violated(use, use.getDescription())));
            }
        };
    }

    private static boolean isNetty(JavaClass type) {
        return isBelow(type.getBaseComponentType().getPackageName(), "io.netty");
    }

    private static DescribedPredicate<JavaClass> inPackageButNot(String root, String allowed) {
        return DescribedPredicate.describe("are in " + root + " but not in " + allowed, type -> {
            String home = type.getPackageName();
            return isBelow(home, root) && !isBelow(home, allowed);
        });
    }

    private static DescribedPredicate<JavaClass> named(String... names) {
        Set<String> set = Set.of(names);
        return DescribedPredicate.describe("are one of " + set, type -> set.contains(type.getName()));
    }

    private static DescribedPredicate<JavaAccess<?>> where(String description, AccessTest test) {
        return DescribedPredicate.describe(description, access -> test.matches(new Access(access.getTarget())));
    }

    private interface AccessTest {
        boolean matches(Access access);
    }

    /** One use of a method, constructor or field, as a call or as a method reference. */
    private record Access(AccessTarget target) {

        boolean calls(Class<?> owner, String... names) {
            return target.getOwner().isEquivalentTo(owner)
                    && List.of(names).stream().anyMatch(this::nameMatches);
        }

        boolean makes(Class<?> type) {
            return target.getName().equals("<init>") && assignableTo(type).test(target.getOwner());
        }

        boolean takes(Class<?> parameter) {
            return target instanceof CodeUnitAccessTarget unit
                    && unit.getRawParameterTypes().stream().anyMatch(type -> type.isEquivalentTo(parameter));
        }

        boolean ownerMatches(String regex) {
            return matches(regex, target.getOwner().getName());
        }

        boolean nameMatches(String regex) {
            return matches(regex, target.getName());
        }

        private static boolean matches(String regex, String text) {
            return PATTERNS.computeIfAbsent(regex, Pattern::compile)
                    .matcher(text)
                    .matches();
        }

        private static final Map<String, Pattern> PATTERNS = new ConcurrentHashMap<>();
    }
}
