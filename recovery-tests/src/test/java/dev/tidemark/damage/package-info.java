/**
 * Damage: stores of several shapes are made, damaged in one seeded way, and opened, read, verified and used by the real engine. What comes
 * out is judged by one sentence: exactly the right bytes, or an error that names the damaged file; never anything else.
 */
@org.jspecify.annotations.NullMarked
package dev.tidemark.damage;
