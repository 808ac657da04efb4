int main(void)
{
	return 71;
}
