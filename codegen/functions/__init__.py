"""SQL functions as staged code, by their IR names; the vocabulary that analysis and code share.

engine.analyze gives every Call a name of this list and arguments of the types it wants; this
package emits it and codegen.interpret evaluates it in plain Python. Unless said otherwise a
function is NULL when an argument is NULL, operands of one operation have the same type, and
integer overflow, division by zero and bad input are errors (ANSI).

arithmetic  add sub mul  integers, floats; decimals keep their own (p, s) per operand and the Call
            has Spark's result type, rounding HALF_UP to its scale
            div (double / double -> double, decimal / decimal -> decimal), intdiv (-> bigint),
            mod pmod neg abs sign, bitand bitor bitxor bitnot shiftleft shiftright
            shiftrightunsigned; try_add try_sub try_mul try_div try_mod: NULL in place of the error
            wrap_add wrap_sub wrap_mul wrap_neg wrap_abs: ANSI off integers;
            null_div null_mod null_intdiv: ANSI off, NULL on zero
compare     eq lt le gt ge (common type), eq_null_safe, greatest least (skip NULLs)
logic       and or (Kleene, n-ary), not, is_null is_not_null is_nan, coalesce (n-ary),
            in (x, literals…; NULL literal among them by SQL's rule), nanvl (a, b), if is a Case;
            raise_error (message), assert_true
math        round bround (x, literal int scale), ceil floor (double -> bigint, decimal -> decimal),
            sqrt cbrt exp expm1 ln log10 log2 log1p pow sin cos tan asin acos atan atan2 sinh cosh
            tanh asinh acosh atanh cot sec csc degrees radians rint hypot factorial rand randn
strings     like ilike (s, literal pattern, literal escape) rlike startswith endswith contains
            substring (s, pos, len: ints) upper lower trim ltrim rtrim (s[, characters]) length
            octet_length concat (n-ary) replace (s, from, to) locate (sub, s, pos) lpad rpad
            (s, len, pad) repeat reverse initcap ascii chr translate split_part (s, sep, n)
            substring_index concat_ws hex unhex base64 unbase64 md5 sha1 sha2 crc32
            regexp_replace regexp_extract levenshtein soundex
dates       year quarter month day dayofweek weekday dayofyear weekofyear (date);
            hour minute second (timestamp, literal timezone); date_add (date, int)
            date_diff (d1, d2 -> int) add_months (date, int) last_day next_day
            trunc_date (date, literal unit)
            date_trunc (literal unit, timestamp, literal timezone) make_date (y, m, d)
            months_between (t1, t2, boolean, literal timezone)
            date_format (t, literal format, literal timezone)
            to_timestamp_format to_date_format (s, literal format, literal timezone) unix_seconds
            timestamp_seconds timestamp_millis timestamp_micros from_unixtime
            ts_add (timestamp, day-time interval) ts_add_months (timestamp, year-month interval,
            literal timezone) ts_diff (t1, t2 -> day-time interval) current_* are literals
intervals   iv_add iv_sub iv_neg iv_mul (interval, number) iv_div
hash        hash xxhash64 (n-ary, seed 42)
nested      get_field (struct, literal int), element (array, index) … for the breadth issue
aggregates  count (no argument: rows; else rows where no argument is NULL) sum avg min max first
            last (x, literal boolean ignore_nulls) any_value bool_and bool_or stddev_samp
            stddev_pop var_samp var_pop skewness kurtosis covar_samp covar_pop corr bit_and bit_or
            bit_xor min_by max_by (x, ordering) count_if is a filtered count; product
            avg of decimals and sums have Spark's result types; sum of integers is bigint
"""
