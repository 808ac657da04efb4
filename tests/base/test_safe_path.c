#include "testmain.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/safe_path.h"

#define READ SAFE_PATH_READ
#define SECRET SAFE_PATH_SECRET
#define FOLDER SAFE_PATH_FOLDER
enum { US = 1000, OTHER = 1001 };

static const struct {
	const char *name;
	mode_t mode;
	uid_t uid;
	bool is_own_group, is_passage;
	enum safe_path_kind kind;
	enum safe_path_problem wanted;
} steps[] = {
	{ "file of root", S_IFREG | 0644, 0, false, false, READ, SAFE_PATH_SAFE },
	{ "file of ours", S_IFREG | 0600, US, false, false, READ, SAFE_PATH_SAFE },
	{ "file of another", S_IFREG | 0600, OTHER, false, false, READ, SAFE_PATH_OWNER },
	{ "file of another, read only", S_IFREG | 0444, OTHER, false, false, READ, SAFE_PATH_OWNER },
	{ "the world writes", S_IFREG | 0646, 0, false, false, READ, SAFE_PATH_OTHERS_WRITE },
	{ "group and world write", S_IFREG | 0666, 0, true, false, READ, SAFE_PATH_OTHERS_WRITE },
	{ "a group writes", S_IFREG | 0664, US, false, false, READ, SAFE_PATH_GROUP_WRITES },
	{ "our own group writes", S_IFREG | 0664, US, true, false, READ, SAFE_PATH_SAFE },
	{ "sticky means nothing on a file", S_IFREG | 01646, 0, false, false, READ, SAFE_PATH_OTHERS_WRITE },
	{ "secret", S_IFREG | 0640, US, false, false, SECRET, SAFE_PATH_SAFE },
	{ "secret that is read", S_IFREG | 0644, US, false, false, SECRET, SAFE_PATH_OTHERS_READ },
	{ "folder to a secret", S_IFDIR | 0755, 0, false, true, SECRET, SAFE_PATH_SAFE },
	{ "folder on the way", S_IFDIR | 0777, 0, false, true, READ, SAFE_PATH_OTHERS_WRITE },
	{ "of a group, on the way", S_IFDIR | 0775, 0, false, true, READ, SAFE_PATH_GROUP_WRITES },
	{ "sticky, on the way", S_IFDIR | 01777, 0, false, true, READ, SAFE_PATH_SAFE },
	{ "sticky, of another", S_IFDIR | 01777, OTHER, false, true, READ, SAFE_PATH_OWNER },
	{ "sticky, at the end", S_IFDIR | 01777, 0, false, false, FOLDER, SAFE_PATH_OTHERS_WRITE },
	{ "link of ours", S_IFLNK | 0777, US, false, true, READ, SAFE_PATH_SAFE },
	{ "link of another", S_IFLNK | 0777, OTHER, false, true, READ, SAFE_PATH_OWNER },
};

START_TEST(one_step)
{
	struct safe_path_owners owners = { { US }, 1 };
	struct stat status = { .st_mode = steps[_i].mode, .st_uid = steps[_i].uid };

	ck_assert_msg(safe_path_judge(&status, steps[_i].is_own_group, steps[_i].is_passage,
				      steps[_i].kind, &owners) == steps[_i].wanted, "%s", steps[_i].name);
}
END_TEST

/* In a folder of its own: "d" (a folder), "d/f" (a file), "to-f" (a link to it), "to-d"
 * (a link to d by its whole path), "round" (a link to itself), and the folder "open". */
static char top[] = "/tmp/test_safe_path.XXXXXX";
static struct arena *arena;

static const char *at(const char *name)
{
	return arena_printf(arena, "%s/%s", top, name);
}

static void set_up(void)
{
	arena = arena_new();
	memcpy(strchr(top, '.'), ".XXXXXX", 8);
	ck_assert(mkdtemp(top) != NULL && mkdir(at("d"), 0755) == 0 && mkdir(at("open"), 0755) == 0);
	close(open(at("d/f"), O_WRONLY | O_CREAT, 0644));
	ck_assert(chmod(at("d/f"), 0644) == 0 && chmod(at("d"), 0755) == 0 && chmod(at("open"), 0755) == 0);
	ck_assert(symlink("d/f", at("to-f")) == 0 && symlink(at("d"), at("to-d")) == 0 &&
		  symlink("round", at("round")) == 0 && symlink("../to-d/f", at("open/to-f")) == 0);
}

static void tear_down(void)
{
	static const char *const names[] = { "d/f", "open/to-f", "to-f", "to-d", "round", "d", "open", "" };

	for (int i = 0; i < N_ROWS(names); i++)
		ck_assert(remove(at(names[i])) == 0);
	arena_free(arena);
}

static const struct {
	const char *name, *path, *opened;
	mode_t mode;
	enum safe_path_kind kind;
	const char *wanted;             /* command; NULL: safe */
} ways[] = {
	{ "safe", "d/f", "d/f", 0644, READ, NULL },
	{ "nothing there", "d/nothing", "d/f", 0666, READ, NULL },
	{ "nothing there, its folder open", "d/nothing", "d", 0777, READ, "chmod go-w %s/d" },
	{ "file", "d/f", "d/f", 0646, READ, "chmod o-w %s/d/f" },
	{ "its folder", "d/f", "d", 0757, READ, "chmod o-w %s/d" },
	{ "through a link", "to-f", "d/f", 0666, READ, "chmod go-w %s/d/f" },
	{ "through a link, its folder", "to-f", "d", 0777, READ, "chmod go-w %s/d" },
	{ "through a link to a folder", "to-d/f", "d", 0777, READ, "chmod go-w %s/d" },
	{ "through a folder that only has the link", "open/to-f", "open", 0757, READ, "chmod o-w %s/open" },
	{ "by ..", "open/../d/f", "open", 0757, READ, "chmod o-w %s/open" },
	{ "by . and //", "./d//./f", "d/f", 0646, READ, "chmod o-w %s/d/f" },
	{ "a slash at its end", "d/", "d", 0757, FOLDER, "chmod o-w %s/d" },
	{ "a link that leads nowhere", "round", "d", 0777, READ, NULL },
	{ "sticky on the way", "d/f", "d", 01777, READ, NULL },
	{ "made in a sticky folder", "d/new", "d", 01777, SAFE_PATH_MADE, "chmod go-w %s/d" },
	{ "made in it by .", "d/./new", "d", 01777, SAFE_PATH_MADE, "chmod go-w %s/d" },
	{ "a sticky folder by ..", "d/../open/../d/.", "d", 01777, FOLDER, "chmod go-w %s/d" },
	{ "a folder by ., safe", "d/.", "d", 0755, FOLDER, NULL },
	{ "made where it is", "d/f", "d/f", 0646, SAFE_PATH_MADE, "chmod o-w %s/d/f" },
	{ "made, safe", "d/new", "d", 0755, SAFE_PATH_MADE, NULL },
	{ "read by all", "d/f", "d/f", 0644, SECRET, "chmod o-r %s/d/f" },
	{ "read by the owner", "d/f", "d/f", 0600, SECRET, NULL },
};

START_TEST(whole_way)
{
	struct safe_path_owners owners = { { geteuid() }, 1 };
	const char *fault, *wanted = ways[_i].wanted;

	ck_assert(chmod(at(ways[_i].opened), ways[_i].mode) == 0);
	fault = safe_path_fault(arena, at(ways[_i].path), ways[_i].kind, &owners);
	if (wanted == NULL)
		ck_assert_msg(fault == NULL, "%s: %s", ways[_i].name, fault);
	else
		ck_assert_msg(fault != NULL && strcmp(strstr(fault, "mend: ") + 6,
			      arena_printf(arena, "%.*s%s%s", (int)(strchr(wanted, '%') - wanted), wanted,
					   top, strchr(wanted, '%') + 2)) == 0,
			      "%s: %s", ways[_i].name, fault != NULL ? fault : "safe");
}
END_TEST

START_TEST(relative)
{
	struct safe_path_owners owners = { { geteuid() }, 1 };

	ck_assert(chdir(top) == 0 && safe_path_fault(arena, "d/f", READ, &owners) == NULL);
	ck_assert(chmod(at("d/f"), 0646) == 0);
	ck_assert_ptr_nonnull(safe_path_fault(arena, "d/f", READ, &owners));
	ck_assert_ptr_null(safe_path_fault(arena, "f", READ, &owners));
	ck_assert(chdir("d") == 0);
	ck_assert_ptr_nonnull(safe_path_fault(arena, "f", SAFE_PATH_MADE, &owners));
	ck_assert(chdir("/") == 0);
}
END_TEST

static const char *owner_fault(const char *changed, enum safe_path_kind kind, bool is_link)
{
	struct safe_path_owners owners = { { 0, 2 }, 2 };

	ck_assert((is_link ? lchown : chown)(at(changed), 1, (gid_t)-1) == 0);
	return safe_path_fault(arena, at(is_link ? changed : "d/f"), kind, &owners);
}

/* Who should own it instead: root what leads there or is only read, the last of
 * the owners what is written. */
START_TEST(of_another)
{
	const char *fault;

	if (geteuid() != 0)
		return;
	fault = owner_fault("d/f", SAFE_PATH_SECRET, false);
	ck_assert_ptr_nonnull(strstr(fault, "belongs to user daemon"));
	ck_assert_ptr_nonnull(strstr(fault, "mend: chown bin /tmp/"));
	ck_assert_ptr_nonnull(strstr(owner_fault("d/f", READ, false), "chown root"));
	ck_assert_ptr_nonnull(strstr(owner_fault("d", SECRET, false), "chown root"));
	ck_assert(chown(at("d"), 2, (gid_t)-1) == 0 && chown(at("d/f"), 2, (gid_t)-1) == 0);
	ck_assert_ptr_null(safe_path_fault(arena, at("d/f"), READ, &(struct safe_path_owners){ { 0, 2 }, 2 }));
	ck_assert_ptr_nonnull(strstr(owner_fault("to-f", READ, true), "chown -h root"));
}
END_TEST

START_TEST(group)
{
	struct safe_path_owners owners = { { 0 }, 1 };
	const char *fault;

	if (geteuid() != 0)
		return;
	ck_assert(chmod(at("d/f"), 0664) == 0);
	ck_assert_ptr_null(safe_path_fault(arena, at("d/f"), READ, &owners));
	ck_assert(chown(at("d/f"), 0, 8) == 0);
	fault = safe_path_fault(arena, at("d/f"), READ, &owners);
	ck_assert(fault != NULL && strstr(fault, "by group mail (mode 0664); mend: chmod g-w") != NULL);
	ck_assert(chown(at("d/f"), 0, 54321) == 0);
	ck_assert_ptr_nonnull(strstr(safe_path_fault(arena, at("d/f"), READ, &owners), "group 54321"));
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("safe_path");
	TCase *judge = tcase_create("judge"), *files = tcase_create("files");

	tcase_add_loop_test(judge, one_step, 0, N_ROWS(steps));
	suite_add_tcase(suite, judge);
	tcase_add_checked_fixture(files, set_up, tear_down);
	tcase_add_loop_test(files, whole_way, 0, N_ROWS(ways));
	tcase_add_test(files, relative);
	tcase_add_test(files, of_another);
	tcase_add_test(files, group);
	suite_add_tcase(suite, files);
	return suite;
}

TEST_MAIN(suite())
