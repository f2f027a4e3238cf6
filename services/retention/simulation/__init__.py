"""What would another policy make due?"""
