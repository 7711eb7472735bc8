/*
 * The pool from C++17: options by ord_pool_options_default(), the pool in a
 * unique_ptr, results in a vector.
 */
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include <orderly/orderly.h>

namespace
{

bool
is_prime(std::uint64_t number)
{
	for (std::uint64_t by = 2; by * by <= number; by++)
		if (number % by == 0)
			return false;
	return number > 1;
}

int
work(ord_task *task, void *) /* runs in a worker process; no exception may leave it */
{
	const auto *number = static_cast<const std::uint64_t *>(ord_task_input(task, nullptr));
	const std::uint8_t answer = is_prime(*number);

	return ord_task_return(task, &answer, sizeof answer);
}

void
keep(const ord_result *result, void *user)
{
	auto &primes = *static_cast<std::vector<std::uint64_t> *>(user);

	if (ord_result_state(result) == ORD_DONE &&
		*static_cast<const std::uint8_t *>(ord_result_output(result, nullptr)) != 0)
		primes.push_back(ord_result_sequence(result));
}

struct destroy {
	void operator()(ord_pool *pool) const
	{
		ord_pool_destroy(&pool);
	}
};

int
complain(const char *sentence)
{
	std::fprintf(stderr, "primes: %s\n", sentence);
	return 1;
}

} /* namespace */

int
main(int argc, char **argv)
{
	ord_worker_main(argc, argv);

	std::vector<std::uint64_t> primes;
	ord_pool_options options = ord_pool_options_default();
	options.function = work;
	options.on_result = keep;
	options.on_result_user = &primes;

	ord_pool *made = nullptr;
	if (const int status = ord_pool_new(&made, &options); status != 0)
		return complain(ord_strerror(status));
	const std::unique_ptr<ord_pool, destroy> pool(made);
	if (ord_pool_start(pool.get()) != 0)
		return complain(ord_pool_error(pool.get()));
	for (std::uint64_t number = 0; number < 50; number++)
		ord_pool_submit_wait(pool.get(), &number, sizeof number, nullptr);
	if (ord_pool_finish(pool.get()) != 0)
		return complain(ord_pool_error(pool.get()));
	for (const auto prime : primes)
		std::printf("%ju ", static_cast<std::uintmax_t>(prime));
	std::printf("\n");
}
